import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  distinctFolders,
  hierarchyFor,
  makeLimitCgroups,
  placeProcess,
  removeEmptyCgroups,
  topHomes,
  type LimitFolders,
  type LimitHome,
  type LimitHomes,
} from '../../cgroup/limits.ts';
import { fail } from '../../model/problem.ts';
import type { CgroupHierarchy } from '../../model/cgroup.ts';
import { LIMIT_KEYS, type LimitKey } from '../../model/profile.ts';
import { given, moveShellIn, removeSoon, type LimitRequest, type PreparedLimits } from './prepared.ts';

/**
 * Limits in cgroups that the caller makes: root's at the top of each hierarchy, a user's beneath a cgroup that was
 * delegated (cgroups(7), "Cgroups delegation"). Undefined where there is none, or, if strict, not for every key.
 * @throws ProblemError `limitsUnavailable` where the kernel refuses root itself.
 */
export function ownLimits(request: LimitRequest): PreparedLimits | undefined {
  const { keys, limits, hierarchies } = request;
  const homes = ownHomes(keys, hierarchies);
  if (homes.size === 0 || (limits.mode === 'strict' && homes.size < keys.length)) return undefined;
  const folders = make(request, homes);
  const missing = keys.filter((key) => !homes.has(key)).map((key) => [key, NOT_DELEGATED]);
  return {
    place: (pid) => {
      placeProcess(folders, pid);
      return Promise.resolve(given(request, 'own', folders, Object.fromEntries(missing) as typeof folders));
    },
    joinLines: () => moveShellIn(folders),
    remove: () => removeSoon(distinctFolders(folders)),
  };
}

const NOT_DELEGATED = 'no cgroup of yours has its controller';

function make({ id, limits, keys }: LimitRequest, homes: LimitHomes): LimitFolders {
  try {
    return makeLimitCgroups(homes, id, limits);
  } catch (error) {
    const reason = `the kernel refused it (${error instanceof Error ? error.message : String(error)})`;
    return fail('limitsUnavailable', { keys, reason }, error);
  }
}

/** Removes the caller's empty cgroups of sandboxes that live no more. */
export function removeStaleCgroups(hierarchies: readonly CgroupHierarchy[], living: readonly string[]): void {
  const known = new Set(living);
  removeEmptyCgroups(ownHomes(LIMIT_KEYS, hierarchies), (name) => /^[a-z0-9-]+$/.test(name) && !known.has(name));
}

/** Where the caller may make cgroups, for each key that can be kept there. */
function ownHomes(keys: readonly LimitKey[], hierarchies: readonly CgroupHierarchy[]): LimitHomes {
  if (process.getuid?.() === 0) return topHomes(keys, hierarchies);
  const paths = ownCgroups(readFileSync('/proc/self/cgroup', 'utf8'));
  return new Map(
    keys.flatMap((key) => {
      const hierarchy = hierarchyFor(key, hierarchies);
      const home = hierarchy && delegatedHome(hierarchy, paths.get(hierarchy.key) ?? '/');
      return home ? [[key, home]] : [];
    }),
  );
}

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
