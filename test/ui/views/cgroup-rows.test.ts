import { describe, expect, it } from 'vitest';
import type { CgroupReadings } from '../../../src/model/cgroup.ts';
import { cgroupRows } from '../../../src/ui/views/cgroup-rows.ts';
import type { Observation } from '../../../src/ui/views/observation.ts';
import { observation } from './observations.ts';

const NOTHING: CgroupReadings = {
  memoryCurrent: undefined,
  memoryMax: undefined,
  pidsCurrent: undefined,
  pidsMax: undefined,
  cpuUsage: undefined,
  oomKills: undefined,
  pidsRefused: undefined,
  throttledPeriods: undefined,
};

function machine(): Observation {
  const group = { hierarchy: 'memory', path: '/a/b', children: [], pids: [50, 51] };
  const parent = { hierarchy: 'memory', path: '/a', children: [group], pids: [] };
  const snapshot = {
    ...observation().snapshot,
    layout: 'hybrid',
    hierarchies: [
      { key: 'memory', version: 1, mountPoint: '/sys/fs/cgroup/memory', root: '/', controllers: ['memory'] },
    ],
    controllers: [
      { name: 'memory', hierarchyId: 3, groups: 4, enabled: true, mountPoint: '/sys/fs/cgroup/memory', version: 1 },
      { name: 'rdma', hierarchyId: 0, groups: 1, enabled: false, mountPoint: undefined, version: undefined },
    ],
    trees: [{ hierarchy: 'memory', path: '/', children: [parent], pids: [10] }],
  } as const;
  return observation({ snapshot });
}

describe('cgroupRows', () => {
  it('begins with the table of controllers', () => {
    const [controllers] = cgroupRows(machine(), () => NOTHING);
    expect(controllers?.description).toBe('hybrid · 1 enabled');
    expect(controllers?.children().map(({ label, description }) => `${label}: ${description ?? ''}`)).toEqual([
      'memory: v1 · 4 groups',
      'rdma: disabled',
    ]);
  });

  it('shows each tree with its groups, then the processes of the group itself', () => {
    const [, memory] = cgroupRows(machine(), () => NOTHING);
    const [parent, own] = memory?.children() ?? [];
    expect([parent?.label, parent?.description]).toEqual(['a', '2 processes']);
    expect([own?.label, own?.description]).toEqual(['Processes', '1']);
  });

  it('shows memory before its limit, read from the folder of the group', () => {
    const read = (folder: string): CgroupReadings => ({
      ...NOTHING,
      memoryCurrent: folder.length * 1024,
      memoryMax: 64 * 1024 ** 2,
    });
    const [, memory] = cgroupRows(machine(), read);
    expect(memory?.children()[0]?.description).toBe('2 processes · 23K ≤ 64M');
  });

  it('reads nothing before a tree is opened', () => {
    cgroupRows(machine(), () => expect.fail('read'));
  });

  it('is empty without cgroups, so that the welcome text shows', () => {
    expect(cgroupRows(observation(), () => NOTHING)).toEqual([]);
  });
});
