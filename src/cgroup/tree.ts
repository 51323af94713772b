import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cgroup, CgroupHierarchy } from '../model/cgroup.ts';
import type { Process } from '../model/process.ts';

/**
 * The cgroups of a hierarchy: the folders beneath its mount point, each with the processes that say they are in it.
 * The processes have been read already, so that no cgroup.procs is opened.
 */
export function readTree({ key, mountPoint, root }: CgroupHierarchy, processes: readonly Process[]): Cgroup {
  const pids = pidsByPath(key, processes);
  const pathOf = (path: string): string => (root === '/' ? path : path === '/' ? root : `${root}${path}`);
  const read = (path: string): Cgroup => ({
    hierarchy: key,
    path,
    children: subfolders(join(mountPoint, path)).map((name) => read(join(path, name))),
    pids: pids.get(pathOf(path)) ?? [],
  });
  return read('/');
}

/** The dead that nobody has reaped are in no cgroup.procs, but /proc still shows them in one, on v1 in the root. */
function pidsByPath(key: string, processes: readonly Process[]): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const { pid, state, cgroups } of processes) {
    const path = cgroups[key];
    if (path === undefined || state === 'Z' || state === 'X') continue;
    const pids = found.get(path);
    if (pids) pids.push(pid);
    else found.set(path, [pid]);
  }
  return found;
}

/** A cgroup that goes away meanwhile has none. */
function subfolders(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}
