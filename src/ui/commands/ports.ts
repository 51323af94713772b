import * as vscode from 'vscode';
import { addressOf } from '../views/port-rows.ts';
import { copy } from './copy.ts';
import type { Target } from './table.ts';

/** Opens a published port in the browser; in a remote window VS Code leads there first. */
export async function openInBrowser(target: Target | undefined): Promise<void> {
  if (target?.kind !== 'webPort') return;
  const uri = vscode.Uri.parse(`http://${addressOf(target.port)}/`);
  await vscode.env.openExternal(await vscode.env.asExternalUri(uri));
}

export async function copyAddress(target: Target | undefined): Promise<void> {
  if (target?.kind === 'webPort' || target?.kind === 'port') await copy(addressOf(target.port));
}
