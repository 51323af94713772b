import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { findSandbox, runningSandboxes } from '../../sandbox/running.ts';
import { newId } from '../../sandbox/make-plan.ts';
import { exportScripts, scriptsOf, showScripts, type Scripts } from '../../sandbox/show.ts';
import type { App } from '../app.ts';
import { windowProfiles } from '../profiles.ts';
import { askForSandbox } from './new-terminal.ts';
import { sandboxItem } from './pick-sandbox.ts';
import type { Target } from './table.ts';

/** Shows what a running sandbox and its lab were made with, or what New Terminal… would run for a profile. */
export async function showScript(app: App, target: Target | undefined): Promise<void> {
  const chosen = target ?? (await pickTarget());
  const found = chosen && (await scriptsFor(app, chosen));
  if (!found) return;
  if (found.scripts.lab !== undefined) await app.documents.show(`${found.name}/lab.sh`, found.scripts.lab);
  await app.documents.show(`${found.name}/join.sh`, found.scripts.join);
  await app.documents.show(`${found.name}/start.sh`, found.scripts.start);
}

/** Writes both scripts into a folder of the user's choice, to be run by hand, read elsewhere, or kept. */
export async function exportScript(app: App, target: Target | undefined): Promise<void> {
  const chosen = target ?? (await pickTarget());
  const found = chosen && (await scriptsFor(app, chosen));
  const [folder] = (found && (await vscode.window.showOpenDialog(FOLDER))) ?? [];
  if (!found || !folder) return;
  const start = vscode.Uri.joinPath(folder, found.name, 'start.sh');
  exportScripts(dirname(start.fsPath), found.scripts);
  await vscode.window.showTextDocument(start);
}

const FOLDER: vscode.OpenDialogOptions = {
  canSelectFiles: false,
  canSelectFolders: true,
  openLabel: 'Export Here',
  title: 'Folder for start.sh and join.sh',
};

interface Found {
  readonly name: string;
  readonly scripts: Scripts;
}

async function scriptsFor(app: App, target: Target): Promise<Found | undefined> {
  if (target.kind === 'profile') return ofProfile(app, target.profile.name);
  if (target.kind === 'sandbox') return { name: target.sandbox.id, scripts: scriptsOf(target.sandbox) };
  return target.kind === 'named' ? ofName(app, target.name) : undefined;
}

function ofName(app: App, name: string): Promise<Found | undefined> | Found {
  if (windowProfiles().summaries.some((profile) => profile.name === name)) return ofProfile(app, name);
  return { name, scripts: scriptsOf(findSandbox(name)) };
}

async function ofProfile(app: App, name: string): Promise<Found | undefined> {
  const request = await askForSandbox(app, name);
  return request && { name, scripts: await showScripts(request, newId(`by-hand-${name}`)) };
}

async function pickTarget(): Promise<Target | undefined> {
  const sandboxes = runningSandboxes().map((sandbox) => ({
    ...sandboxItem(sandbox),
    target: { kind: 'sandbox', sandbox } as const,
  }));
  const profiles = windowProfiles().summaries.map((profile) => ({
    label: profile.name,
    detail: profile.description,
    iconPath: new vscode.ThemeIcon('shield'),
    target: { kind: 'profile', profile } as const,
  }));
  const items = [...heading('running', sandboxes), ...heading('profiles', profiles)];
  const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Sandbox or profile whose scripts to show' });
  return picked?.target;
}

type TargetItem = vscode.QuickPickItem & { readonly target?: Target };

function heading(label: string, items: readonly TargetItem[]): readonly TargetItem[] {
  return items.length === 0 ? [] : [{ label, kind: vscode.QuickPickItemKind.Separator }, ...items];
}
