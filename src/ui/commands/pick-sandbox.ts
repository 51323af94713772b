import * as vscode from 'vscode';
import type { Sandbox } from '../../model/sandbox.ts';
import { findSandbox, runningSandboxes } from '../../sandbox/running.ts';
import { duration } from '../../text/units.ts';
import type { Target } from './table.ts';

/**
 * The sandbox a command acts on: its target, the only one that runs, or the one the user picks.
 * @throws ProblemError `sandboxNotFound` for a name that none has.
 */
export async function sandboxOf(target: Target | undefined, placeHolder: string): Promise<Sandbox | undefined> {
  if (target?.kind === 'sandbox') return target.sandbox;
  if (target?.kind === 'named') return findSandbox(target.name);
  const running = runningSandboxes();
  if (running.length === 0) await offerNew();
  return running.length <= 1 ? running[0] : pick(running, placeHolder);
}

async function pick(running: readonly Sandbox[], placeHolder: string): Promise<Sandbox | undefined> {
  const picked = await vscode.window.showQuickPick(running.map(sandboxItem), { placeHolder });
  return picked?.sandbox;
}

export function sandboxItem(sandbox: Sandbox): vscode.QuickPickItem & { readonly sandbox: Sandbox } {
  const { id, pid, startedAt, workspaceFolder } = sandbox;
  return {
    label: id,
    description: `pid ${pid} · ${duration(Date.now() - startedAt)}`,
    ...(workspaceFolder === undefined ? {} : { detail: workspaceFolder }),
    iconPath: new vscode.ThemeIcon('vm-running'),
    sandbox,
  };
}

async function offerNew(): Promise<void> {
  const button = 'New Terminal…';
  if ((await vscode.window.showInformationMessage('No sandbox is running.', button)) !== button) return;
  await vscode.commands.executeCommand('namespaceSandboxes.newTerminal');
}
