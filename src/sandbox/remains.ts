import { rmSync } from 'node:fs';
import { startTimeOf, thisProcess } from '../discovery/pin.ts';
import { onceForEach } from '../model/once-for-each.ts';
import { fail } from '../model/problem.ts';
import type { Sandbox } from '../model/sandbox.ts';
import type { CallerFolders } from '../state/folders.ts';
import {
  partialFolders,
  placeholdersOf,
  readRecords,
  removeSandboxFolder,
  type SandboxRecord,
} from '../state/records.ts';
import { removeUnusedBareRoots } from './bare-root.ts';
import { planIds } from './ids.ts';
import { cgroupHierarchies } from '../cgroup/hierarchies.ts';
import { killCgroups } from '../cgroup/kill.ts';
import type { HelperSession } from '../elevation/session.ts';
import { isAlive } from './is-alive.ts';
import { killPinned } from './kill-pinned.ts';
import { leaveLab } from './lab/members.ts';
import { sweepLabs } from './lab/sweep-labs.ts';
import { idsInHelperCgroups, sweepByHelper } from './limits/helper.ts';
import { idsInOwnCgroups, removeOwnCgroups } from './limits/own.ts';
import type { PreparedLimits } from './limits/prepared.ts';
import { endWayOut } from './way-out.ts';
import { removePlaceholders } from './workspace.ts';

/**
 * Removes what sandboxes that have ended left behind because nobody was left to remove it:
 * folders, upper layers, bare roots, placeholders in a workspace, cgroups. What cannot be removed is left to the next time.
 */
export async function sweep(folders: CallerFolders, session?: HelperSession): Promise<void> {
  // Looked at before the records: a cgroup is made after the record of its sandbox, so that what has none then has ended.
  const hierarchies = cgroupHierarchies();
  const [own, helpers] = [idsInOwnCgroups(hierarchies), idsInHelperCgroups(hierarchies, folders.uid)];
  const living = new Map<string, SandboxRecord>();
  // One launcher has many sandboxes: each is looked at once.
  const launchers = onceForEach(startTimeOf);
  for (const { folder, record } of readRecords(folders.runtime)) {
    if (record === undefined) continue;
    if (isAlive(record) && !hasOutlived(record, launchers)) living.set(record.id, record);
    else await endFully(folder, record, folders).catch(() => undefined);
  }
  for (const { folder, by } of partialFolders(folders.runtime))
    if (launchers(by.pid) !== by.startTime) rmSync(folder, { recursive: true, force: true });
  const ended = (ids: readonly string[]): readonly string[] => ids.filter((id) => !living.has(id));
  removeUnusedBareRoots(folders.bareRoots, new Set([...living.values()].map(({ bareRoot }) => bareRoot)));
  sweepLabs(folders.labs);
  removeOwnCgroups(hierarchies, ended(own));
  const helper = session?.started();
  if (helper) await sweepByHelper(ended(helpers), helper);
}

/** Whether it should have ended with its launcher: what runs inside may hold PID 1 up (ptrace(2)). */
function hasOutlived(
  { sandbox, launcher: { pid, startTime } }: SandboxRecord,
  launchers: (pid: number) => number | undefined,
): boolean {
  return sandbox !== undefined && sandbox.lifetime !== 'untilStopped' && launchers(pid) !== startTime;
}

async function endFully(folder: string, record: SandboxRecord, folders: CallerFolders): Promise<void> {
  if (record.sandbox) await kill(record.sandbox);
  await removeFiles(folder, record, folders);
}

/** Milliseconds for each way of ending a sandbox. */
const PATIENCE = 4000;

/**
 * Kills PID 1, and with it every process of the sandbox (pid_namespaces(7)), or by their cgroup what does not end so. One that has
 * ended already is no error.
 * @throws ProblemError `sandboxStays`: the kernel keeps PID 1 until what is outside has waited for each process that had entered.
 */
export async function kill(sandbox: Sandbox): Promise<void> {
  killPinned(sandbox);
  if (await ends(sandbox)) return;
  killCgroups(sandbox.limits.cgroups);
  killPinned(sandbox);
  if (!(await ends(sandbox))) fail('sandboxStays', { id: sandbox.id, pid: sandbox.pid });
}

async function ends({ pid, startTime }: Sandbox): Promise<boolean> {
  const end = Date.now() + PATIENCE;
  while (startTimeOf(pid) === startTime) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return true;
}

/** Removes everything of one sandbox that has ended. */
export async function removeRemains(
  folder: string,
  record: SandboxRecord,
  folders: CallerFolders,
  limits: PreparedLimits | undefined,
): Promise<void> {
  await limits?.remove();
  await removeFiles(folder, record, folders);
}

async function removeFiles(folder: string, record: SandboxRecord, folders: CallerFolders): Promise<void> {
  endWayOut(record.sandbox?.wayOut);
  if (record.placeholders.length > 0) {
    const inUse = placeholdersOf(folders.runtime, (other) => other.id !== record.id && isAlive(other));
    removePlaceholders(record.placeholders, inUse);
  }
  if (record.layers !== undefined) await removeLayers(record.layers, folders);
  removeSandboxFolder(folder, thisProcess());
  if (record.lab !== undefined) leaveLab(record.lab, record.id);
}

async function removeLayers(layers: string, { uid, gid }: CallerFolders): Promise<void> {
  const { removeTree } = await import('./rootfs/remove.ts');
  await removeTree(layers, planIds(uid, gid));
}
