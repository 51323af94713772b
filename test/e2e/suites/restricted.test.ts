import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { closeEverything, notifications, openSidebar, picture, rowsOf, until, workbenchPage } from './workbench.ts';

describe('Restricted Mode', () => {
  before(function () {
    assert.equal(vscode.workspace.isTrusted, false, 'this VS Code was to be started with Workspace Trust on');
  });
  after(closeEverything);

  it('the profiles of the workspace are ignored, the built-in ones are there', async function () {
    const page = workbenchPage(this);
    await openSidebar(page);
    const rows = (await rowsOf(page, 'Sandboxes')).join('\n');
    assert.match(rows, /throwaway/);
    assert.doesNotMatch(rows, /look|small/);
  });

  it('the profile file is checked all the same', async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    const file = vscode.Uri.joinPath(folder?.uri ?? vscode.Uri.file('/'), '.vscode/sandboxes.json');
    const editor = await vscode.window.showTextDocument(file);
    const at = editor.document.positionAt(editor.document.getText().indexOf('throwaway'));
    await editor.edit((edit) => edit.insert(at, 'no-'));
    const said = () => vscode.languages.getDiagnostics(file).map(({ code }) => code);
    await until('the diagnostics', () => said().length > 0);
    assert.deepEqual(said(), ['unknownProfile']);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  it('New Terminal says why there is none, and what to do', async function () {
    const page = workbenchPage(this);
    void vscode.commands.executeCommand('namespaceSandboxes.newTerminal', 'throwaway');
    const text = await until('the message', async () => (await notifications(page))[0]);
    assert.match(text, /Restricted Mode.*Trust it/s);
    assert.equal(vscode.window.terminals.length, 0);
    await picture(page, 'restricted');
    await vscode.commands.executeCommand('notifications.clearAll');
  });
});
