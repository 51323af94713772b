import { execa } from 'execa';
import { expect, it } from 'vitest';
import { cgroupsJson, namespacesJson } from '../../src/discovery/format.ts';
import { takeSnapshot } from '../../src/discovery/snapshot.ts';
import type { Cgroup, CgroupHierarchy } from '../../src/model/cgroup.ts';
import { someProcess, someSnapshot } from './samples.ts';

it('prints namespaces with the first process of each', () => {
  const snapshot = someSnapshot({
    processes: [
      someProcess({ pid: 10, uid: 7 }),
      someProcess({ pid: 2, uid: 0, comm: 'kthreadd', command: '' }),
      someProcess({ pid: 12 }),
    ],
    namespaces: [
      { type: 'user', inode: 1, pids: [2], paths: [] },
      { type: 'net', inode: 3, pids: [10, 12], paths: ['/run/netns/n1'] },
      { type: 'net', inode: 4, pids: [], paths: ['/run/netns/n2'] },
    ],
  });
  expect(namespacesJson(snapshot)).toEqual({
    namespaces: [
      { ns: 1, type: 'user', nprocs: 1, pid: 2, uid: 0, command: 'kthreadd', pids: [2], paths: [] },
      {
        ns: 3,
        type: 'net',
        nprocs: 2,
        pid: 10,
        uid: 7,
        command: 'sleep 60',
        pids: [10, 12],
        paths: ['/run/netns/n1'],
      },
      {
        ns: 4,
        type: 'net',
        nprocs: 0,
        pid: null,
        uid: null,
        command: null,
        pids: [],
        paths: ['/run/netns/n2'],
      },
    ],
  });
});

it('names the fields as lsns does', async () => {
  const { stdout } = await execa('lsns', ['-J', '-o', 'NS,TYPE,NPROCS,PID,UID,COMMAND']);
  const { namespaces } = JSON.parse(stdout) as { namespaces: readonly object[] };
  const [ours] = namespacesJson(takeSnapshot()).namespaces;
  expect(Object.keys(ours ?? {})).toEqual([...Object.keys(namespaces[0] ?? {}), 'pids', 'paths']);
});

it('prints the tree of each hierarchy beneath it', () => {
  const hierarchy: CgroupHierarchy = { key: '', version: 2, mountPoint: '/sys/fs/cgroup', root: '/', controllers: [] };
  const other: CgroupHierarchy = { ...hierarchy, key: 'pids', version: 1, mountPoint: '/sys/fs/cgroup/pids' };
  const child: Cgroup = { hierarchy: '', path: '/a', children: [], pids: [7] };
  const tree: Cgroup = { hierarchy: '', path: '/', children: [child], pids: [] };
  const snapshot = someSnapshot({ layout: 'hybrid', hierarchies: [hierarchy, other], trees: [tree] });
  expect(cgroupsJson(snapshot)).toEqual({
    layout: 'hybrid',
    controllers: [],
    hierarchies: [
      { ...hierarchy, tree: { path: '/', pids: [], children: [{ path: '/a', pids: [7], children: [] }] } },
      { ...other, tree: null },
    ],
  });
});
