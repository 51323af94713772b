import { rmSync, statSync } from 'node:fs';
import { startTimeOf } from '../discovery/pin.ts';
import type { CallerFolders } from '../state/folders.ts';
import { readRecords, type SandboxRecord } from '../state/records.ts';
import { planIds } from './ids.ts';
import { cgroupHierarchies } from '../cgroup/hierarchies.ts';
import type { HelperSession } from '../elevation/session.ts';
import { sweepByHelper } from './limits/helper.ts';
import { removeStaleCgroups } from './limits/own.ts';
import type { PreparedLimits } from './limits/prepared.ts';
import { removeTree } from './rootfs/remove.ts';
import { endWayOut } from './way-out.ts';
import { removePlaceholders } from './workspace.ts';

/**
 * Removes what sandboxes that have ended left behind because nobody was left to remove it:
 * folders, upper layers, placeholders in a workspace, cgroups.
 */
export async function sweep(folders: CallerFolders, session?: HelperSession): Promise<void> {
  const living: string[] = [];
  for (const { folder, record } of readRecords(folders.runtime)) {
    if (record === undefined) removeUnfinished(folder);
    else if (isAlive(record)) living.push(record.id);
    else await removeFiles(folder, record, folders);
  }
  removeStaleCgroups(cgroupHierarchies(), living);
  const helper = await session?.running();
  if (helper) await sweepByHelper(living, helper);
}

/** A folder without a record is either being made this moment, or its maker was killed then. */
function removeUnfinished(folder: string): void {
  const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.ctimeMs ?? 0);
  if (age > 10_000) rmSync(folder, { recursive: true, force: true });
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
  removePlaceholders(record.placeholders);
  if (record.layers !== undefined) await removeTree(record.layers, planIds(folders.uid, folders.gid));
  rmSync(folder, { recursive: true, force: true });
}

/** Whether its PID 1 lives, or the process that is making it. */
export function isAlive({ sandbox, launcher }: SandboxRecord): boolean {
  const { pid, startTime } = sandbox ?? launcher;
  return startTimeOf(pid) === startTime;
}
