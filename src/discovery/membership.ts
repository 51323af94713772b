import { readFileSync, readdirSync } from 'node:fs';
import type { CgroupHierarchy } from '../model/cgroup.ts';

/** For each process that is not in the root of every hierarchy, something that is the same as long as nobody moves it. */
export type Membership = ReadonlyMap<number, string>;

/**
 * Who is in which cgroup, by the lists of the cgroups themselves: these are fewer files than one for each process.
 * Undefined where they are not fewer than `most`, or where one does not list its processes (threaded, in cgroups(7)).
 */
export function readMembership(hierarchies: readonly CgroupHierarchy[], most: number): Membership | undefined {
  const members = new Map<number, string>();
  let cgroups = 0;
  try {
    for (const { key, mountPoint } of hierarchies) for (const folder of subfolders(mountPoint)) add(key, folder);
    return members;
  } catch {
    return undefined;
  }

  function add(key: string, folder: string): void {
    cgroups += 1;
    if (cgroups > most) throw new Error('too many cgroups');
    for (const pid of readFileSync(`${folder}/cgroup.procs`, 'latin1').split('\n'))
      if (pid !== '') members.set(Number(pid), `${members.get(Number(pid)) ?? ''}${key}:${folder}\n`);
    for (const child of subfolders(folder)) add(key, child);
  }
}

function subfolders(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);
}
