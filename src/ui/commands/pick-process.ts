import * as vscode from 'vscode';
import type { Process } from '../../model/process.ts';
import { processDescription } from '../views/process-rows.ts';

/** Lets the user pick one of these processes. */
export async function pickProcess(processes: readonly Process[], placeHolder: string): Promise<Process | undefined> {
  const items = processes.map((process) => ({
    label: process.comm,
    description: processDescription(process),
    process,
  }));
  const picked = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true });
  return picked?.process;
}
