import * as vscode from 'vscode';

const FILTERS = { svg: 'SVG picture', png: 'PNG picture' } as const;

/** Writes a picture where the user says. */
export async function exportPicture(kind: 'svg' | 'png', content: string): Promise<void> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const name = `wiring.${kind}`;
  const target = await vscode.window.showSaveDialog({
    filters: { [FILTERS[kind]]: [kind] },
    saveLabel: 'Export',
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder.uri, name) } : {}),
  });
  if (!target) return;
  await vscode.workspace.fs.writeFile(target, Buffer.from(content, kind === 'png' ? 'base64' : 'utf8'));
  const open = 'Open';
  const chosen = await vscode.window.showInformationMessage(`The picture is in ${target.fsPath}.`, open);
  if (chosen === open) await vscode.commands.executeCommand('vscode.open', target);
}
