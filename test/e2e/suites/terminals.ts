import * as vscode from 'vscode';
import { terminalText, until, type Page } from './workbench.ts';

/** Starts a sandbox of a profile by the command a user gives; resolves with its first terminal. */
export async function newSandboxTerminal(profile: string): Promise<vscode.Terminal> {
  return opened(() => vscode.commands.executeCommand('namespaceSandboxes.newTerminal', profile));
}

/** The terminal that an action opens. */
export async function opened(action: () => Thenable<unknown>): Promise<vscode.Terminal> {
  const before = new Set(vscode.window.terminals);
  await action();
  return until('a terminal to open', () => vscode.window.terminals.find((terminal) => !before.has(terminal)));
}

let asked = 0;

/** What a shell command prints in a terminal that can be seen, as one line. */
export async function ask(page: Page, terminal: vscode.Terminal, command: string): Promise<string> {
  terminal.show();
  const mark = ++asked;
  // The line that is typed must not look like its answer.
  terminal.sendText(`echo '#'${mark}"#" $(${command}) '#'`);
  return until(`an answer to ${command}`, async () => {
    const rows = (await terminalText(page)).replaceAll('\n', ' ');
    return new RegExp(`#${mark}# (.*?) ?#`).exec(rows)?.[1];
  });
}

/** Exit code of a terminal that ends by itself. */
export async function exitCode(terminal: vscode.Terminal): Promise<number | undefined> {
  await until('the terminal to end', () => terminal.exitStatus !== undefined);
  return terminal.exitStatus?.code;
}
