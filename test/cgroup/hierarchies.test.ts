import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cgroupHierarchies, cgroupLayout, parseCgroupMounts } from '../../src/cgroup/hierarchies.ts';

const V1 = `\
31 23 0:28 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
32 31 0:29 / /sys/fs/cgroup/systemd rw,nosuid shared:9 - cgroup cgroup rw,xattr,name=systemd
33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:10 - cgroup cgroup rw,cpu,cpuacct
34 31 0:31 / /mnt/my\\040pids rw - cgroup cgroup rw,release_agent=/sbin/agent,pids,clone_children
`;
const V2 = '35 31 0:32 / /sys/fs/cgroup/unified rw,nosuid shared:11 - cgroup2 cgroup2 rw,nsdelegate\n';
const AGAIN = '36 23 0:30 /docker/1a /srv/cpu rw - cgroup cgroup rw,cpu,cpuacct\n';

const controllersOf = (): readonly string[] => ['io'];

describe('mounts', () => {
  it('of v1 and v2 give a hierarchy each', () => {
    expect(parseCgroupMounts(V1 + V2, controllersOf)).toEqual([
      { key: 'name=systemd', version: 1, mountPoint: '/sys/fs/cgroup/systemd', root: '/', controllers: [] },
      {
        key: 'cpu,cpuacct',
        version: 1,
        mountPoint: '/sys/fs/cgroup/cpu,cpuacct',
        root: '/',
        controllers: ['cpu', 'cpuacct'],
      },
      { key: 'pids', version: 1, mountPoint: '/mnt/my pids', root: '/', controllers: ['pids'] },
      { key: '', version: 2, mountPoint: '/sys/fs/cgroup/unified', root: '/', controllers: ['io'] },
    ]);
  });

  it('of one hierarchy in two places count once, as the first', () => {
    const [cpu, ...others] = parseCgroupMounts(AGAIN + V1, controllersOf).filter(({ key }) => key === 'cpu,cpuacct');
    expect(cpu).toMatchObject({ mountPoint: '/srv/cpu', root: '/docker/1a' });
    expect(others).toEqual([]);
  });

  it.each([
    ['none', ''],
    ['v1', V1],
    ['v2', V2],
    ['hybrid', V1 + V2],
  ])('make the layout %s', (layout, mountinfo) => {
    expect(cgroupLayout(parseCgroupMounts(mountinfo, controllersOf))).toBe(layout);
  });
});

it('are keyed as this process finds them in its own cgroup file', () => {
  const keys = readFileSync('/proc/self/cgroup', 'utf8').match(/(?<=^\d+:)[^:]*(?=:)/gm);
  for (const { key } of cgroupHierarchies()) expect(keys).toContain(key);
});
