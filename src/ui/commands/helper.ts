import * as vscode from 'vscode';
import { installScript, removeScript, runRootScript, scriptPreview, type RootScript } from '../../elevation/install.ts';
import { installedHelper } from '../../elevation/installed.ts';
import { installedSentence } from '../../text/elevation.ts';
import type { App } from '../app.ts';

/** Shows what root would write, and installs the helper if the user says so. */
export async function installHelper(app: App): Promise<void> {
  await showAndRun(app, 'Install Helper.sh', installScript(app.helper.file));
}

/** Shows what root would remove, and removes the installed helper if the user says so. */
export async function removeHelper(app: App): Promise<void> {
  if (installedHelper(app.helper.file).state === 'none') {
    void vscode.window.showInformationMessage('No helper is installed.');
    return;
  }
  await showAndRun(app, 'Remove Helper.sh', removeScript(app.helper.file));
}

export function stopHelper({ helper }: App): Promise<void> {
  helper.stop();
  return Promise.resolve();
}

/** Asked here, because root itself is not asked later. A helper that runs is ended: the next one is the one that is there then. */
async function showAndRun({ documents, helper }: App, title: string, script: RootScript): Promise<void> {
  await documents.show(title, scriptPreview(script));
  if (!(await helper.person.agrees(script.purpose))) return;
  await runRootScript(script, { ...helper.person, agrees: () => Promise.resolve(true) });
  helper.stop();
  void vscode.window.showInformationMessage(installedSentence(installedHelper(helper.file)));
}
