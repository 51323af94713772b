import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CgroupHierarchy } from '../model/cgroup.ts';
import { LIMIT_KEYS, type CpuMax, type LimitKey } from '../model/profile.ts';
import { fileInside, INSIDE } from './readings.ts';

/** A folder of a cgroup hierarchy beneath which cgroups for limits may be made. */
export interface LimitHome {
  readonly version: 1 | 2;
  readonly folder: string;
}

/** The limits to set, in bytes, processes and microseconds; those left out are not limited. */
export interface LimitValues {
  readonly 'memory.max'?: number | undefined;
  readonly 'pids.max'?: number | undefined;
  readonly 'cpu.max'?: CpuMax | undefined;
}

export type LimitHomes = ReadonlyMap<LimitKey, LimitHome>;
export type LimitFolders = Readonly<Partial<Record<LimitKey, string>>>;

/** The folder in each home that holds our cgroups and nothing else. */
const OURS = 'namespace-sandboxes';

const CONTROLLERS = { 'memory.max': 'memory', 'pids.max': 'pids', 'cpu.max': 'cpu' } as const satisfies Record<
  LimitKey,
  string
>;

export function askedKeys(limits: LimitValues): readonly LimitKey[] {
  return LIMIT_KEYS.filter((key) => limits[key] !== undefined);
}

/** The hierarchy whose controller keeps a limit; undefined where it is mounted nowhere. */
export function hierarchyFor(key: LimitKey, hierarchies: readonly CgroupHierarchy[]): CgroupHierarchy | undefined {
  return hierarchies.find(({ controllers }) => controllers.includes(CONTROLLERS[key]));
}

/** Whether a cgroup of v2 was handed the controller that keeps a limit (cgroup-v2.rst, "Controlling Controllers"). */
export function hasController(folder: string, key: LimitKey): boolean {
  return readFileSync(join(folder, 'cgroup.controllers'), 'utf8').split(/\s+/).includes(CONTROLLERS[key]);
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

/**
 * Makes one cgroup in each home with its limits, and reads them back (cgroup-v1/*.rst, cgroup-v2.rst of the kernel).
 * @throws Error of the system call that failed, or RangeError where the kernel keeps another value; nothing is left then.
 */
export function makeLimitCgroups(homes: LimitHomes, name: string, limits: LimitValues): LimitFolders {
  const folders = foldersOf(homes, name);
  const made: string[] = [];
  try {
    for (const home of distinctHomes(homes)) made.push(makeCgroup(home, name, keysIn(home, homes)));
    for (const key of homes.keys()) setLimit(key, folders[key] ?? '', limits);
    return folders;
  } catch (error) {
    made.forEach(removeCgroup);
    throw error;
  }
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
  for (const folder of distinctFolders(folders)) mkdirSync(join(folder, INSIDE));
  return Object.fromEntries(Object.entries(folders).map(([key, folder]) => [key, join(folder, INSIDE)]));
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
    removeIfEmpty(join(folder, INSIDE));
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
      mkdirSync(cgroup);
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
  const needed = keys.map((key) => CONTROLLERS[key]).filter((controller) => !enabled.has(controller));
  if (needed.length > 0) writeFileSync(file, needed.map((controller) => `+${controller}`).join(' '));
}

function setLimit(key: LimitKey, folder: string, limits: LimitValues): void {
  if (key === 'cpu.max') setCpuMax(folder, limits['cpu.max']);
  else setNumber(folder, key === 'memory.max' ? ['memory.max', 'memory.limit_in_bytes'] : ['pids.max'], limits[key]);
}

/** The kernel rounds memory down to whole pages: at most 64 KiB on the machines there are. */
const LARGEST_PAGE = 65_536;

function setNumber(folder: string, names: readonly string[], value: number | undefined): void {
  if (value === undefined) return;
  const file = names.map((name) => join(folder, name)).find((path) => existsSync(path)) ?? join(folder, names[0] ?? '');
  writeFileSync(file, String(value), { flag: 'r+' });
  const kept = Number(readFileSync(file, 'utf8'));
  if (!(kept <= value && value - kept < LARGEST_PAGE)) throw new RangeError(`${file} kept ${kept} instead of ${value}`);
}

function setCpuMax(folder: string, value: CpuMax | undefined): void {
  if (value === undefined) return;
  const unified = join(folder, 'cpu.max');
  const written = existsSync(unified) ? setUnifiedCpu(unified, value) : setLegacyCpu(folder, value);
  const wanted = `${value.quota} ${value.period}`;
  if (written !== wanted) throw new RangeError(`${folder} kept the CPU quota ${written} instead of ${wanted}`);
}

function setUnifiedCpu(file: string, { quota, period }: CpuMax): string {
  writeFileSync(file, `${quota} ${period}`, { flag: 'r+' });
  return readFileSync(file, 'utf8').trim();
}

function setLegacyCpu(folder: string, { quota, period }: CpuMax): string {
  const files = [join(folder, 'cpu.cfs_quota_us'), join(folder, 'cpu.cfs_period_us')] as const;
  writeFileSync(files[1], String(period), { flag: 'r+' });
  writeFileSync(files[0], String(quota), { flag: 'r+' });
  return files.map((file) => readFileSync(file, 'utf8').trim()).join(' ');
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
