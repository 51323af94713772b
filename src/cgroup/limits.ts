import {
  close,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  write,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { CgroupHierarchy } from '../model/cgroup.ts';
import { controllerOf, type LimitKey, type LimitValues } from '../model/limits/table.ts';
import { fileInside, INSIDE } from './readings.ts';
import { fillCpuset, setLimit } from './set-limit.ts';

/** A folder of a cgroup hierarchy beneath which cgroups for limits may be made. */
export interface LimitHome {
  readonly version: 1 | 2;
  readonly folder: string;
}

export type LimitHomes = ReadonlyMap<LimitKey, LimitHome>;
export type LimitFolders = Readonly<Partial<Record<LimitKey, string>>>;

/** The folder in each home that holds our cgroups and nothing else. */
export const OURS = 'namespace-sandboxes';

/** The hierarchy whose controller keeps a limit; undefined where it is mounted nowhere. */
export function hierarchyFor(key: LimitKey, hierarchies: readonly CgroupHierarchy[]): CgroupHierarchy | undefined {
  return hierarchies.find(({ controllers, version }) => controllers.includes(controllerOf(key, version)));
}

/** Whether a cgroup of v2 was handed the controller that keeps a limit (cgroup-v2.rst, "Controlling Controllers"). */
export function hasController(folder: string, key: LimitKey): boolean {
  return readFileSync(join(folder, 'cgroup.controllers'), 'utf8').split(/\s+/).includes(controllerOf(key, 2));
}

/** The top of each hierarchy, where root makes cgroups. */
export function topHomes(keys: readonly LimitKey[], hierarchies: readonly CgroupHierarchy[]): LimitHomes {
  return new Map(
    keys.flatMap((key) => {
      const hierarchy = hierarchyFor(key, hierarchies);
      return hierarchy ? [[key, { version: hierarchy.version, folder: hierarchy.mountPoint }]] : [];
    }),
  );
}

/** What has come of limits: the folders of those that hold, and why the others do not. */
export interface MadeLimits {
  readonly folders: LimitFolders;
  readonly refused: Refusals;
}

export type Refusals = Readonly<Partial<Record<LimitKey, string>>>;

/**
 * Makes one cgroup in each home with its limits, and reads them back (cgroup-v1/*.rst, cgroup-v2.rst of the kernel).
 * @throws Error of the system call where there can be no cgroup; nothing is left then.
 */
export function makeLimitCgroups(homes: LimitHomes, name: string, limits: LimitValues): MadeLimits {
  const made: string[] = [];
  try {
    for (const home of distinctHomes(homes)) made.push(makeCgroup(home, name, keysIn(home, homes)));
  } catch (error) {
    made.forEach(removeCgroup);
    throw error;
  }
  const result = setLimits(homes, name, limits);
  const kept = distinctFolders(result.folders);
  made.filter((folder) => !kept.includes(folder)).forEach(removeCgroup);
  return result;
}

/**
 * Sets other limits in the cgroups that makeLimitCgroups has made, and reads them back. What is not given stays as it is.
 * A limit that stood in the way of another may be another itself now, so that what was refused is tried once more.
 */
export function changeLimits(homes: LimitHomes, name: string, limits: LimitValues): MadeLimits {
  const there = [...homes].filter(([, { folder }]) => existsSync(join(folder, OURS, name)));
  const usable: LimitHomes = new Map(there);
  for (const home of distinctHomes(usable).filter(({ version }) => version === 2))
    for (const above of [home.folder, join(home.folder, OURS)]) enableControllers(above, keysIn(home, usable));
  setLimits(usable, name, limits);
  const { folders, refused } = setLimits(usable, name, limits);
  const absent = [...homes.keys()].filter((key) => !usable.has(key));
  const absences: Refusals = Object.fromEntries(absent.map((key) => [key, 'the sandbox has no cgroup for it']));
  return { folders, refused: { ...refused, ...absences } };
}

function setLimits(homes: LimitHomes, name: string, limits: LimitValues): MadeLimits {
  const folders = foldersOf(homes, name);
  const tried = [...homes].map(([key, { version }]) => {
    const folder = folders[key] ?? '';
    return { key, folder, refusal: setLimit(key, version, folder, limits) };
  });
  const refusedOnes = tried.filter(({ refusal }) => refusal !== undefined);
  const heldOnes = tried.filter(({ refusal }) => refusal === undefined);
  return {
    folders: Object.fromEntries(heldOnes.map(({ key, folder }) => [key, folder])),
    refused: Object.fromEntries(refusedOnes.map(({ key, refusal }) => [key, refusal])),
  };
}

/** Where the cgroups of a name are, or would be. */
export function foldersOf(homes: LimitHomes, name: string): LimitFolders {
  return Object.fromEntries([...homes].map(([key, { folder }]) => [key, join(folder, OURS, name)]));
}

/**
 * Makes a cgroup below each folder for the processes themselves. It is the root of what they see (cgroup_namespaces(7)), so that
 * they can mount none with a file of their limits, which their owner could write.
 */
export function makeInsideCgroups(folders: LimitFolders): LimitFolders {
  distinctFolders(folders).forEach(makeInsideCgroup);
  return Object.fromEntries(Object.entries(folders).map(([key, folder]) => [key, join(folder, INSIDE)]));
}

/** The same below one folder. Returns the new one. */
export function makeInsideCgroup(folder: string): string {
  const inside = join(folder, INSIDE);
  mkdirSync(inside);
  fillCpuset(inside);
  return inside;
}

/** Above all that are given: PID_MAX_LIMIT of a 64-bit kernel. */
const NO_PROCESS = String(2 ** 22);

/**
 * Before it moves a process the kernel waits until every processor has seen that it will (cgroup_threadgroup_rwsem, an RCU grace
 * period of some ten milliseconds), but not again soon after. So it is asked here to move what is not there: it waits while others
 * work, and refuses.
 */
export function expectPlacing(folders: LimitFolders): void {
  const [first] = distinctFolders(folders);
  if (first === undefined) return;
  try {
    const fd = openSync(join(first, 'cgroup.procs'), 'w');
    write(fd, NO_PROCESS, () => close(fd, () => undefined));
  } catch {
    // whoever places says why
  }
}

/** Moves a process into every folder (cgroups(7)): its children from then on are born there. */
export function placeProcess(folders: LimitFolders, pid: number): void {
  for (const folder of distinctFolders(folders)) writeFileSync(join(folder, 'cgroup.procs'), String(pid));
}

export function distinctFolders(folders: LimitFolders): readonly string[] {
  return [...new Set(Object.values(folders))];
}

/** Whether the folder is gone now. One that still holds processes stays. */
export function removeCgroup(folder: string): boolean {
  try {
    removeTree(join(folder, INSIDE));
    rmdirSync(folder);
    removeIfEmpty(dirname(folder));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** The names of the cgroups of ours in these homes, each once. */
export function cgroupNames(homes: LimitHomes): readonly string[] {
  return [...new Set(distinctHomes(homes).flatMap(({ folder }) => subfolders(join(folder, OURS))))];
}

/** Removes those of these cgroups that are empty. */
export function removeEmptyCgroups(homes: LimitHomes, names: readonly string[]): void {
  for (const name of names) distinctFolders(foldersOf(homes, name)).forEach(removeCgroup);
}

/** The file that counts processes killed for memory, and the word in front of the number. */
export function memoryKillCounter(folder: string): { readonly file: string; readonly key: string } {
  const unified = join(folder, 'memory.events');
  return { file: existsSync(unified) ? unified : fileInside(folder, 'memory.oom_control'), key: 'oom_kill' };
}

function distinctHomes(homes: LimitHomes): readonly LimitHome[] {
  return [...new Map([...homes.values()].map((home) => [home.folder, home])).values()];
}

function keysIn({ folder }: LimitHome, homes: LimitHomes): readonly LimitKey[] {
  return [...homes].filter(([, home]) => home.folder === folder).map(([key]) => key);
}

function makeCgroup({ version, folder }: LimitHome, name: string, keys: readonly LimitKey[]): string {
  const ours = join(folder, OURS);
  const cgroup = join(ours, name);
  for (let tries = 1; ; tries += 1) {
    try {
      makeIfAbsent(ours);
      if (version === 2) for (const above of [folder, ours]) enableControllers(above, keys);
      else fillCpuset(ours);
      mkdirSync(cgroup);
      if (version === 1) fillCpuset(cgroup);
      return cgroup;
    } catch (error) {
      // another's last cgroup may take the folder with it at this moment
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === 3) throw error;
    }
  }
}

/** Says by its code why not, as a recursive mkdir of Node does not. */
function makeIfAbsent(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** On v2 a controller must be handed down by every cgroup above (cgroup-v2.rst, "Enabling and Disabling"). */
function enableControllers(folder: string, keys: readonly LimitKey[]): void {
  const file = join(folder, 'cgroup.subtree_control');
  const enabled = new Set(readFileSync(file, 'utf8').split(/\s+/));
  const needed = [...new Set(keys.map((key) => controllerOf(key, 2)))].filter((controller) => !enabled.has(controller));
  if (needed.length > 0) writeFileSync(file, needed.map((controller) => `+${controller}`).join(' '));
}

/** With what root inside has made there. */
function removeTree(folder: string): void {
  for (const name of subfolders(folder)) removeTree(join(folder, name));
  removeIfEmpty(folder);
}

/** A folder that holds others goes with the last of them. */
function removeIfEmpty(ours: string): void {
  try {
    rmdirSync(ours);
  } catch {
    // there are others
  }
}

function subfolders(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
