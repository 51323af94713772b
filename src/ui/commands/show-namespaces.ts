import * as vscode from 'vscode';
import type { App } from '../app.ts';
import { GROUPINGS, isGrouping, type Grouping } from '../views/grouping.ts';
import type { Target } from './table.ts';

/** Groups the namespaces in the way that is named, or that the user picks. */
export async function groupNamespaces({ views, memory }: App, target: Target | undefined): Promise<void> {
  const named = target?.kind === 'named' && isGrouping(target.name) ? target.name : undefined;
  const grouping = named ?? (await pickGrouping(memory.grouping));
  if (grouping !== undefined) views.groupNamespaces(grouping);
}

async function pickGrouping(current: Grouping): Promise<Grouping | undefined> {
  const items = (Object.keys(GROUPINGS) as Grouping[]).map((grouping) => {
    const { label, detail, icon } = GROUPINGS[grouping];
    const description = grouping === current ? 'now' : '';
    return { label, detail, description, iconPath: new vscode.ThemeIcon(icon), grouping };
  });
  const picked = await vscode.window.showQuickPick(items, { placeHolder: 'Group the namespaces by' });
  return picked?.grouping;
}

/** Shows only what has the words that are named, or that the user types; no words show everything. */
export async function filterNamespaces({ views }: App, target: Target | undefined): Promise<void> {
  const words = target?.kind === 'named' ? target.name : await askForWords(views.filter);
  if (words !== undefined) await views.filterNamespaces(words);
}

function askForWords(current: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: 'Filter Namespaces',
    value: current,
    placeHolder: 'nginx net',
    prompt: 'Words of names, command lines, process ids, inodes, types, containers or paths. Each must be there.',
  });
}
