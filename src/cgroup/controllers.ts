import { readFileSync } from 'node:fs';
import type { CgroupController, CgroupHierarchy } from '../model/cgroup.ts';

/** The table of controllers of this kernel, with where each is mounted (cgroups(7), "/proc/cgroups"). */
export function readControllers(hierarchies: readonly CgroupHierarchy[]): readonly CgroupController[] {
  return parseControllers(readIfThere('/proc/cgroups'), hierarchies);
}

/** Lines `name hierarchy num_cgroups enabled`; controllers that only v2 names are added. */
export function parseControllers(table: string, hierarchies: readonly CgroupHierarchy[]): readonly CgroupController[] {
  const listed = table
    .split('\n')
    .map((line) => /^(\w+)\t(\d+)\t(\d+)\t([01])$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name = '', id, groups, enabled]) => ({
      ...mounted(name, hierarchies),
      hierarchyId: Number(id),
      groups: Number(groups),
      enabled: enabled === '1',
    }));
  const names = new Set(listed.map(({ name }) => name));
  const others = hierarchies
    .filter(({ version }) => version === 2)
    .flatMap(({ controllers }) => controllers)
    .filter((name) => !names.has(name))
    .map((name) => ({ ...mounted(name, hierarchies), hierarchyId: 0, groups: 0, enabled: true }));
  return [...listed, ...others];
}

/** The table keeps the name of v1 where v2 has another (cgroup-v2.rst, "IO"). */
const UNIFIED_NAMES: Readonly<Record<string, string>> = { blkio: 'io' };

function mounted(
  listed: string,
  hierarchies: readonly CgroupHierarchy[],
): Pick<CgroupController, 'name' | 'mountPoint' | 'version'> {
  const names = [listed, UNIFIED_NAMES[listed] ?? listed];
  const [name = listed] = names.filter((one) => hierarchies.some(({ controllers }) => controllers.includes(one)));
  const hierarchy = hierarchies.find(({ controllers }) => controllers.includes(name));
  return { name, mountPoint: hierarchy?.mountPoint, version: hierarchy?.version };
}

/** A kernel without cgroups has no table. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
