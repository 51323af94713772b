import { constants, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { distinctFolders, placeProcess, type LimitFolders } from '../cgroup/limits.ts';
import type { CgroupHierarchy } from '../model/cgroup.ts';
import { belongsTo, withFile } from './pinned.ts';

/**
 * Moves a process of a user into cgroups. `cgroup.procs` takes a bare number (cgroups(7)), so the process is held by a descriptor of
 * its /proc folder: what is read through it is that process or an error, never a later one of the same number. Whoever got there
 * instead is put back, or the user could stop and kill it.
 * @throws Error where the process is not the user's, or has not stayed so.
 */
export function placePinned(
  folders: LimitFolders,
  hierarchies: readonly CgroupHierarchy[],
  { pid, uid }: { readonly pid: number; readonly uid: number },
): void {
  withFile(`/proc/${pid}`, constants.O_DIRECTORY, (pinned) => {
    if (!belongsTo(pinned, uid)) throw new Error(`process ${pid} belongs to another user`);
    try {
      placeProcess(folders, pid);
      if (!belongsTo(pinned, uid)) throw new Error(`process ${pid} has become another user's`);
    } catch (error) {
      putBack(folders, hierarchies, pid);
      throw error;
    }
  });
}

/** A process is born in the cgroups of its parent. */
function putBack(folders: LimitFolders, hierarchies: readonly CgroupHierarchy[], pid: number): void {
  for (const folder of distinctFolders(folders)) {
    const hierarchy = hierarchies.find(({ mountPoint }) => folder.startsWith(`${mountPoint}/`));
    if (hierarchy && isIn(folder, pid)) writeFileSync(join(birthplace(hierarchy, pid), 'cgroup.procs'), String(pid));
  }
}

function isIn(folder: string, pid: number): boolean {
  return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').includes(String(pid));
}

function birthplace({ key, mountPoint, root }: CgroupHierarchy, pid: number): string {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const parent = /^PPid:\t(\d+)$/m.exec(status)?.[1] ?? '';
  const lines = readFileSync(`/proc/${parent}/cgroup`, 'utf8').split('\n');
  const path = lines.map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line)).find((found) => found?.[1] === key)?.[2] ?? root;
  return join(mountPoint, path.startsWith(root) ? path.slice(root === '/' ? 0 : root.length) : '/');
}
