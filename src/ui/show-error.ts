import * as vscode from 'vscode';
import type { Place } from '../model/problem.ts';
import { PROFILES_SETTING } from '../protocol/language-server.ts';
import { sentences } from '../text/problems.ts';
import type { App } from './app.ts';
import { isCancelled, isOneOf, remedyFor, type Remedy } from './remedy.ts';

const BUTTONS = { openPlace: 'Open Profiles File', checkHost: 'Check This Host', showOutput: 'Show Output' } as const;

/** Tells the user what went wrong, with one button that helps; the log keeps the rest. */
export async function showError(app: App, error: unknown): Promise<void> {
  if (isCancelled(error)) {
    showCancelled(app, error);
    return;
  }
  app.log.error(error instanceof Error ? error : String(error));
  const remedy = remedyFor(error);
  const button = BUTTONS[remedy.do];
  const chosen = await vscode.window.showErrorMessage(sentences(error).join('\n'), button);
  if (chosen === button) await apply(app, remedy);
}

/** Whoever has left a question open knows; whoever has dismissed a dialog of another program is told what that was. */
function showCancelled({ log }: App, error: unknown): void {
  const text = sentences(error).join('\n');
  log.info(text);
  if (!isOneOf(error, ['rootNotWanted'])) void vscode.window.showInformationMessage(text);
}

async function apply(app: App, remedy: Remedy): Promise<void> {
  if (remedy.do === 'openPlace') await openPlace(remedy.place);
  else if (remedy.do === 'checkHost') await vscode.commands.executeCommand('namespaceSandboxes.checkThisHost');
  else app.log.show();
}

/** Opens the file at the fault; for profiles of the settings, the settings editor. */
export async function openPlace({ file, line, column }: Place): Promise<void> {
  if (file === PROFILES_SETTING) {
    await vscode.commands.executeCommand('workbench.action.openSettings', PROFILES_SETTING);
    return;
  }
  const position = new vscode.Position(line - 1, column - 1);
  await vscode.window.showTextDocument(vscode.Uri.file(file), { selection: new vscode.Range(position, position) });
}
