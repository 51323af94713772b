import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { config } from '../config.ts';
import { showError } from '../show-error.ts';
import { terminalsAllowed } from './restricted.ts';

/** The entry "Sandbox" of the terminal's own "+" menu: of the default profile, or of one that it asks for. */
export function registerTerminalProfile(app: App): vscode.Disposable {
  return vscode.window.registerTerminalProfileProvider('namespaceSandboxes.sandbox', {
    provideTerminalProfile: () => newProfile(app).catch((error: unknown) => void showError(app, error)),
  });
}

async function newProfile(app: App): Promise<vscode.TerminalProfile | undefined> {
  if (!(await terminalsAllowed())) return undefined;
  const { askForSandbox } = await import('../commands/new-terminal.ts');
  const request = await askForSandbox(app, config.defaultProfile());
  const sandbox = request && (await app.terminals.launch(request));
  return sandbox && app.terminals.profile(sandbox, (error) => void showError(app, error));
}
