import * as vscode from 'vscode';

const MANAGE = 'Manage Workspace Trust';

/** Whether a terminal may be opened here; in Restricted Mode says why not and what to do. */
export async function terminalsAllowed(): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const text =
    'This window is in Restricted Mode. VS Code opens no terminal, not even a sandboxed one, before you trust the workspace; ' +
    "the workspace's own profiles are ignored until then. Trust it, or start the sandbox from a window without a folder.";
  if ((await vscode.window.showWarningMessage(text, MANAGE)) === MANAGE)
    await vscode.commands.executeCommand('workbench.trust.manage');
  return false;
}
