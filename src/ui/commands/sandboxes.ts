import * as vscode from 'vscode';
import type { Sandbox } from '../../model/sandbox.ts';
import { runningSandboxes, stopSandbox } from '../../sandbox/running.ts';
import type { App } from '../app.ts';
import { terminalsAllowed } from '../terminal/restricted.ts';
import { count } from '../../text/units.ts';
import { sandboxOf } from './pick-sandbox.ts';
import type { Target } from './table.ts';

/** Opens one more terminal in a running sandbox. */
export async function openAnotherTerminal({ terminals }: App, target: Target | undefined): Promise<void> {
  if (!(await terminalsAllowed())) return;
  const sandbox = await sandboxOf(target, 'Sandbox to open another terminal in');
  if (sandbox) await terminals.open(sandbox);
}

/** Stops a sandbox; asks first where it was meant to outlive its terminals. */
export async function stop({ live, terminals }: App, target: Target | undefined): Promise<void> {
  const sandbox = await sandboxOf(target, 'Sandbox to stop');
  if (!sandbox || (sandbox.lifetime === 'untilStopped' && !(await confirmed([sandbox])))) return;
  terminals.close(sandbox);
  await stopSandbox(sandbox);
  live.refresh();
}

/** Stops every sandbox of this user, also those of other windows. */
export async function stopAll({ live, terminals }: App): Promise<void> {
  const running = runningSandboxes();
  if (running.length === 0) void vscode.window.showInformationMessage('No sandbox is running.');
  else if (await confirmed(running)) {
    running.forEach((sandbox) => terminals.close(sandbox));
    await Promise.all(running.map((sandbox) => stopSandbox(sandbox)));
  }
  live.refresh();
}

function confirmed(sandboxes: readonly Sandbox[]): Promise<boolean> {
  return confirmedStop(
    sandboxes.length === 1 ? (sandboxes[0]?.id ?? '') : count(sandboxes.length, 'sandbox', 'sandboxes'),
  );
}

/** Asks whether what runs inside is to be killed. */
export async function confirmedStop(what: string): Promise<boolean> {
  const detail = 'All processes inside are killed. Kept homes and a writable workspace stay as they are.';
  return (await vscode.window.showWarningMessage(`Stop ${what}?`, { modal: true, detail }, 'Stop')) === 'Stop';
}
