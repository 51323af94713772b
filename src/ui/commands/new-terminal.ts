import * as vscode from 'vscode';
import type { LaunchRequest } from '../../sandbox/make-plan.ts';
import type { App } from '../app.ts';
import { localFolders, windowProfile } from '../profiles.ts';
import { terminalsAllowed } from '../terminal/restricted.ts';
import { pickProfile } from './pick-profile.ts';
import type { Target } from './table.ts';

/** Asks for a profile where none is given, starts a sandbox of it, and opens its first terminal. */
export async function newTerminal(app: App, target: Target | undefined): Promise<void> {
  if (!(await terminalsAllowed())) return;
  const request = await askForSandbox(app, profileName(target));
  const sandbox = request && (await app.terminals.launch(request));
  if (sandbox) await app.terminals.open(sandbox);
}

function profileName(target: Target | undefined): string | undefined {
  if (target?.kind === 'profile') return target.profile.name;
  return target?.kind === 'named' ? target.name : undefined;
}

/**
 * The sandbox to start, asking for what is not known; undefined if the user left a question open.
 * @throws ProblemError with the place in the profile file.
 */
export async function askForSandbox(app: App, known: string | undefined): Promise<LaunchRequest | undefined> {
  const name = known ?? (await pickProfile(app.memory));
  if (name === undefined) return undefined;
  app.memory.lastProfile = name;
  const folders = localFolders();
  const folder =
    folders.length > 1
      ? await vscode.window.showWorkspaceFolderPick({ placeHolder: `Workspace folder of the sandbox` })
      : folders[0];
  if (folders.length > 1 && !folder) return undefined;
  const workspaceFolder = folder?.uri.fsPath;
  return { profile: windowProfile(name, workspaceFolder), workspaceFolder };
}
