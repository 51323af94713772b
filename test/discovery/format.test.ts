import { statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cgroupsJson, namespacesJson } from '../../src/discovery/format.ts';
import type { Cgroup, CgroupHierarchy } from '../../src/model/cgroup.ts';
import { someProcess, someSnapshot } from './samples.ts';

it('prints namespaces with the first process of each, and how those without one were found', () => {
  const holder = { by: 'mount', pid: 1, path: '/run/netns/n2' } as const;
  const snapshot = someSnapshot({
    processes: [someProcess({ pid: 10, uid: 7 }), someProcess({ pid: 2, uid: 0, comm: 'kthreadd', command: '' })],
    namespaces: [
      {
        type: 'user',
        inode: 1,
        pids: [2],
        holders: [],
        relations: { parent: 8, owner: 8, ownerUid: 7 },
        container: undefined,
      },
      { type: 'net', inode: 4, pids: [], holders: [holder], relations: undefined, container: undefined },
    ],
    unreadable: 3,
    unrelated: 'koffi is missing',
  });
  const found = () => ({ unknown: 'it was not asked' });
  const { namespaces, unreadable } = namespacesJson(snapshot, found, new Map([[0, 'root']]));
  const same = {
    device: statSync('/proc/self/ns/net').dev,
    details: null,
    unknown: 'it was not asked',
    container: null,
  };
  expect(namespaces).toEqual([
    {
      ...same,
      ...{ ns: 1, type: 'user', nprocs: 1, pid: 2, ppid: 1, command: 'kthreadd', uid: 0, user: 'root', pns: 8, ons: 8 },
      ...{ ownerUid: 7, foundBy: 'process', holders: [], pids: [2], path: '/proc/2/ns/user', nsfs: null, paths: [] },
    },
    {
      ...same,
      ...{ ns: 4, type: 'net', nprocs: 0, pid: null, ppid: null, command: null, uid: null, user: null, pns: null },
      ...{ ons: null, ownerUid: null, foundBy: 'mount', holders: [holder], pids: [] },
      ...{ path: '/proc/1/root/run/netns/n2', nsfs: '/run/netns/n2', paths: ['/run/netns/n2'] },
    },
  ]);
  expect(unreadable).toEqual({ processes: 3, hidden: false, relations: 'koffi is missing' });
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
