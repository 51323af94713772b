import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  distinctFolders,
  expectPlacing,
  hasController,
  hierarchyFor,
  makeInsideCgroups,
  makeLimitCgroups,
  placeProcess,
  cgroupNames,
  removeCgroup,
  removeEmptyCgroups,
  topHomes,
  type MadeLimits,
  type LimitHome,
  type LimitHomes,
} from '../../cgroup/limits.ts';
import type { CgroupHierarchy } from '../../model/cgroup.ts';
import { LIMIT_KEYS, limitRow, type LimitKey } from '../../model/limits/table.ts';
import { messageOf } from '../../model/message-of.ts';
import {
  given,
  moveShellIn,
  nothingGiven,
  removeSoon,
  unkept,
  type LimitRequest,
  type PreparedLimits,
} from './prepared.ts';
import { forAll, unavailable } from './unavailable.ts';

/**
 * Limits in cgroups that the caller makes: root's at the top of each hierarchy, a user's beneath a cgroup that was
 * delegated (cgroups(7), "Cgroups delegation"). Undefined where there is none, or, if strict, not for every key.
 * @throws ProblemError `limitsUnavailable` where they are strict and the kernel refuses root itself.
 */
export function ownLimits(request: LimitRequest): PreparedLimits | undefined {
  const { keys, limits, hierarchies } = request;
  const homes = ownHomes(keys, hierarchies);
  if (homes.size === 0 || (limits.mode === 'strict' && homes.size < keys.length)) return undefined;
  const { folders, refused } = make(request, homes);
  const homeless = keys.filter((key) => !homes.has(key));
  const missing = { ...forAll(homeless, NOT_DELEGATED), ...refused };
  if (distinctFolders(folders).length === 0) return unkept(nothingGiven(request, missing));
  const entered = isRoot() ? folders : makeInsideCgroups(folders);
  expectPlacing(entered);
  return {
    place: (pid) => {
      placeProcess(entered, pid);
      return Promise.resolve(given(request, 'own', folders, missing));
    },
    joinLines: () => moveShellIn(entered),
    remove: () => removeSoon(distinctFolders(folders)),
  };
}

const NOT_DELEGATED = 'no cgroup of yours has its controller';

/** The cgroups as far as the kernel takes them, where a best effort is enough. */
function make(request: LimitRequest, homes: LimitHomes): MadeLimits {
  const { limits } = request;
  const made = tryToMake(request, homes);
  if (limits.mode === 'best-effort' || Object.keys(made.refused).length === 0) return made;
  distinctFolders(made.folders).forEach(removeCgroup);
  throw unavailable(made.refused);
}

function tryToMake({ id, limits }: LimitRequest, homes: LimitHomes): MadeLimits {
  try {
    return makeLimitCgroups(homes, id, limits.values);
  } catch (error) {
    const reason = `the kernel refused it (${messageOf(error)})`;
    return { folders: {}, refused: forAll([...homes.keys()], reason) };
  }
}

/** The ids of the sandboxes for which the caller has made cgroups. */
export function idsInOwnCgroups(hierarchies: readonly CgroupHierarchy[]): readonly string[] {
  return cgroupNames(ownHomes(LIMIT_KEYS, hierarchies)).filter((name) => /^[a-z0-9-]+$/.test(name));
}

/** Removes the caller's cgroups of sandboxes that have ended, as far as they are empty. */
export function removeOwnCgroups(hierarchies: readonly CgroupHierarchy[], ended: readonly string[]): void {
  removeEmptyCgroups(ownHomes(LIMIT_KEYS, hierarchies), ended);
}

/** Where the caller may make cgroups, for each key that can be kept there. */
function ownHomes(keys: readonly LimitKey[], hierarchies: readonly CgroupHierarchy[]): LimitHomes {
  if (isRoot()) return topHomes(keys, hierarchies);
  const paths = ownCgroups(readFileSync('/proc/self/cgroup', 'utf8'));
  return new Map(
    keys.flatMap((key) => {
      const hierarchy = hierarchyFor(key, hierarchies);
      const home = hierarchy && delegatedHome(hierarchy, paths.get(hierarchy.key) ?? '/');
      return home && mayKeep(home, key) ? [[key, home]] : [];
    }),
  );
}

/** The processes of a user are one cgroup below the limits, where v1 does not apply all of them. */
function mayKeep({ version, folder }: LimitHome, key: LimitKey): boolean {
  return version === 1 ? limitRow(key).flatOnV1 !== true : hasController(folder, key);
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** Lines `4:memory:/path` and `0::/path` of proc_pid_cgroup: the path in each hierarchy by its key. */
export function ownCgroups(text: string): ReadonlyMap<string, string> {
  return new Map(
    text
      .split('\n')
      .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, key = '', path = '/']) => [key, path]),
  );
}

/** The nearest cgroup at or above the caller's that the caller may write to; on v2 one that hands controllers down. */
export function delegatedHome({ version, mountPoint, root }: CgroupHierarchy, path: string): LimitHome | undefined {
  const inMount = root === '/' ? path : path.startsWith(`${root}/`) ? path.slice(root.length) : '/';
  for (let folder = join(mountPoint, inMount); folder.startsWith(mountPoint); folder = dirname(folder)) {
    const needed = version === 1 ? [folder] : [folder, `${folder}/cgroup.procs`, `${folder}/cgroup.subtree_control`];
    if (needed.every(isWritable) && (version === 1 || mayHandDown(folder))) return { version, folder };
  }
  return undefined;
}

/** A cgroup with processes of its own hands nothing down (cgroup-v2.rst, "No Internal Process Constraint"). */
function mayHandDown(folder: string): boolean {
  return readFileSync(`${folder}/cgroup.procs`, 'utf8') === '';
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
