import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseControllers, readControllers } from '../../src/cgroup/controllers.ts';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import type { CgroupHierarchy } from '../../src/model/cgroup.ts';

const TABLE = `\
#subsys_name\thierarchy\tnum_cgroups\tenabled
cpu\t1\t4\t1
blkio\t0\t90\t1
hugetlb\t0\t90\t1
net_cls\t0\t1\t0
`;

const cpu: CgroupHierarchy = {
  key: 'cpu',
  version: 1,
  mountPoint: '/sys/fs/cgroup/cpu',
  root: '/',
  controllers: ['cpu'],
};
const unified: CgroupHierarchy = {
  key: '',
  version: 2,
  mountPoint: '/sys/fs/cgroup/unified',
  root: '/',
  controllers: ['hugetlb', 'dmem'],
};

describe('the table of controllers', () => {
  it('tells where each is mounted', () => {
    const { mountPoint } = unified;
    const nowhere = { mountPoint: undefined, version: undefined };
    expect(parseControllers(TABLE, [cpu, unified])).toEqual([
      { name: 'cpu', hierarchyId: 1, groups: 4, enabled: true, mountPoint: '/sys/fs/cgroup/cpu', version: 1 },
      { name: 'blkio', hierarchyId: 0, groups: 90, enabled: true, ...nowhere },
      { name: 'hugetlb', hierarchyId: 0, groups: 90, enabled: true, mountPoint, version: 2 },
      { name: 'net_cls', hierarchyId: 0, groups: 1, enabled: false, ...nowhere },
      { name: 'dmem', hierarchyId: 0, groups: 0, enabled: true, mountPoint, version: 2 },
    ]);
  });

  it('calls blkio as v2 does where it is there, once', () => {
    const controllers = parseControllers(TABLE, [{ ...unified, controllers: ['io'] }]);
    expect(controllers.filter(({ name }) => ['io', 'blkio'].includes(name))).toEqual([
      { name: 'io', hierarchyId: 0, groups: 90, enabled: true, mountPoint: unified.mountPoint, version: 2 },
    ]);
  });

  it('is empty without cgroups', () => {
    expect(parseControllers('', [])).toEqual([]);
  });

  it('reads any row that the kernel can print', () => {
    const row = fc.record({
      name: fc.stringMatching(/^[a-z][a-z_]{0,14}$/).filter((name) => name !== 'blkio'),
      hierarchyId: fc.nat(),
      groups: fc.nat(),
      enabled: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.uniqueArray(row, { selector: ({ name }) => name }), (rows) => {
        const lines = rows.map(
          ({ name, hierarchyId, groups, enabled }) => `${name}\t${hierarchyId}\t${groups}\t${enabled ? 1 : 0}\n`,
        );
        const nowhere = { mountPoint: undefined, version: undefined };
        expect(parseControllers(lines.join(''), [])).toEqual(rows.map((one) => ({ ...one, ...nowhere })));
      }),
    );
  });

  it('has a row for each controller of this kernel and of each hierarchy', () => {
    const hierarchies = cgroupHierarchies();
    const rows = readControllers(hierarchies);
    const listed = readFileSync('/proc/cgroups', 'utf8').trim().split('\n').slice(1);
    expect(rows.length).toBeGreaterThanOrEqual(listed.length);
    for (const { controllers, mountPoint, version } of hierarchies) {
      for (const name of controllers) {
        expect(rows.filter((row) => row.name === name)).toMatchObject([{ enabled: true, mountPoint, version }]);
      }
    }
  });
});
