import { readFileSync } from 'node:fs';
import { unescapeMountField } from '../host/mounts.ts';
import type { CgroupHierarchy, CgroupLayout } from '../model/cgroup.ts';

/** The cgroup hierarchies that this process can see mounted, each once, in the order of the mounts (cgroups(7)). */
export function cgroupHierarchies(): readonly CgroupHierarchy[] {
  return parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'), unifiedControllers);
}

/**
 * The cgroup mounts among mountinfo lines (proc_pid_mountinfo(5)).
 * `controllersOf` tells the controllers of a v2 mount point; those of v1 stand in the super options.
 */
export function parseCgroupMounts(
  mountinfo: string,
  controllersOf: (mountPoint: string) => readonly string[],
): readonly CgroupHierarchy[] {
  const all = mountinfo
    .split('\n')
    .map((line) => hierarchyOf(line, controllersOf))
    .filter((hierarchy) => hierarchy !== undefined);
  const firstOfKey = new Map(all.toReversed().map((hierarchy) => [hierarchy.key, hierarchy]));
  return all.filter((hierarchy) => firstOfKey.get(hierarchy.key) === hierarchy);
}

/** What kind of host this is: with controllers on v1 trees, a v2 tree beside them makes it a hybrid. */
export function cgroupLayout(hierarchies: readonly CgroupHierarchy[]): CgroupLayout {
  const unified = hierarchies.some(({ version }) => version === 2);
  const legacy = hierarchies.some(({ version }) => version === 1);
  if (unified && legacy) return 'hybrid';
  if (unified) return 'v2';
  return legacy ? 'v1' : 'none';
}

/** Options of a v1 superblock that are no controllers (cgroups(7), "Mounting v1 controllers"). */
const NO_CONTROLLERS = new Set(['rw', 'ro', 'noprefix', 'clone_children', 'xattr', 'cpuset_v2_mode', 'none']);

function hierarchyOf(
  line: string,
  controllersOf: (mountPoint: string) => readonly string[],
): CgroupHierarchy | undefined {
  const [mount = '', superblock = ''] = line.split(' - ');
  const [type = '', , options = ''] = superblock.split(' ');
  if (!type.startsWith('cgroup')) return undefined;
  const [, , , root = '', target = ''] = mount.split(' ').map(unescapeMountField);
  if (type === 'cgroup2') {
    return { key: '', version: 2, mountPoint: target, root, controllers: controllersOf(target) };
  }
  if (type !== 'cgroup') return undefined;
  const words = options.split(',').filter((word) => !NO_CONTROLLERS.has(word) && !word.startsWith('release_agent='));
  const controllers = words.filter((word) => !word.startsWith('name='));
  const name = words.find((word) => word.startsWith('name='));
  return {
    key: [...controllers, ...(name ? [name] : [])].join(','),
    version: 1,
    mountPoint: target,
    root,
    controllers,
  };
}

function unifiedControllers(mountPoint: string): readonly string[] {
  try {
    return readFileSync(`${mountPoint}/cgroup.controllers`, 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}
