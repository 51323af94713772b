import * as vscode from 'vscode';
import { join } from 'node:path';
import { fail } from '../../model/problem.ts';
import type { Process } from '../../model/process.ts';
import type { App } from '../app.ts';
import type { Observation } from '../views/observation.ts';
import { byPid } from '../views/process-rows.ts';
import type { Target } from './table.ts';

/** Selects the cgroup of a process, or of the first process of a namespace, in the view of the cgroups. */
export async function revealCgroup({ live, views }: App, target: Target | undefined): Promise<void> {
  const observation = await live.observe();
  const process = processOf(target, observation);
  if (!process) return;
  const folder = await pickFolder(foldersOf(process, observation));
  if (folder === undefined || (await views.revealCgroup(folder))) return;
  void vscode.window.showInformationMessage(`The cgroup ${folder} is not mounted here, so no row shows it.`);
}

function processOf(target: Target | undefined, { snapshot }: Observation): Process | undefined {
  const processes = byPid(snapshot.processes);
  if (target?.kind === 'process') {
    const { pid } = target.process;
    return processes.get(pid) ?? fail('processGone', { pid });
  }
  if (target?.kind !== 'namespace') return undefined;
  const { type, inode, pids } = target.namespace;
  return processes.get(pids[0] ?? 0) ?? fail('namespaceGone', { type, inode });
}

interface Folder extends vscode.QuickPickItem {
  readonly folder: string;
}

/** A process is in one cgroup of each hierarchy: those that are more than the root are first. */
function foldersOf({ cgroups }: Process, { snapshot: { hierarchies } }: Observation): readonly Folder[] {
  const all = hierarchies.flatMap(({ key, mountPoint }) => {
    const path = cgroups[key];
    return path === undefined ? [] : [{ label: path, description: key || 'v2', folder: folderOf(mountPoint, path) }];
  });
  return [...all.filter(({ label }) => label !== '/'), ...all.filter(({ label }) => label === '/')];
}

function folderOf(mountPoint: string, path: string): string {
  return path === '/' ? mountPoint : join(mountPoint, path);
}

async function pickFolder(folders: readonly Folder[]): Promise<string | undefined> {
  if (folders.length <= 1) return folders[0]?.folder;
  const picked = await vscode.window.showQuickPick(folders, {
    placeHolder: 'Cgroup to show: a process is in one of each hierarchy',
    matchOnDescription: true,
  });
  return picked?.folder;
}
