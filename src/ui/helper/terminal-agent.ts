import * as vscode from 'vscode';
import { agentCommand } from '../../elevation/agent-command.ts';
import type { TerminalAgent } from '../../elevation/person.ts';
import { fail } from '../../model/problem.ts';
import { commandTerminal } from '../terminal/sandbox-terminals.ts';

/** A terminal in which the password is asked for. Undefined where that cannot be, or it was closed before. */
export async function terminalAgent(): Promise<TerminalAgent | undefined> {
  const command = await agentCommand();
  if (command === undefined) return undefined;
  const terminal = vscode.window.createTerminal({
    ...commandTerminal('Password', command),
    message: "Namespace Sandboxes asks for root, and this terminal for an administrator's password.",
    iconPath: new vscode.ThemeIcon('key'),
  });
  let closing: vscode.Disposable | undefined;
  const left = new Promise<void>((resolve) => {
    closing = vscode.window.onDidCloseTerminal((closed) => {
      if (closed === terminal) resolve();
    });
  });
  void left.then(command.gone);
  terminal.show();
  if (!(await command.registered)) fail('helperDismissed', { program: 'pkttyagent' });
  return {
    left,
    dispose: () => {
      closing?.dispose();
      terminal.dispose();
    },
  };
}
