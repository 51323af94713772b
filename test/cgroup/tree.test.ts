import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { removeCgroup } from '../../src/cgroup/limits.ts';
import { readTree } from '../../src/cgroup/tree.ts';
import { readProcesses } from '../../src/discovery/sight.ts';
import type { Cgroup, CgroupHierarchy } from '../../src/model/cgroup.ts';
import { startChild } from '../discovery/child.ts';
import { someProcess } from '../discovery/samples.ts';
import { until } from '../support/until.ts';

describe('the tree of a hierarchy', () => {
  let mountPoint = '';
  beforeEach(() => {
    mountPoint = mkdtempSync(join(tmpdir(), 'tree-'));
    for (const folder of ['b', 'a/deep', 'a/deep/er']) mkdirSync(join(mountPoint, folder), { recursive: true });
  });
  afterEach(() => rmSync(mountPoint, { recursive: true }));

  const mountedAt = (root: string): CgroupHierarchy => ({ key: 'pids', version: 1, mountPoint, root, controllers: [] });
  const inCgroup = (pid: number, path: string, state = 'S') => someProcess({ pid, state, cgroups: { pids: path } });
  const group = (path: string, pids: readonly number[], ...children: readonly Cgroup[]): Cgroup => ({
    hierarchy: 'pids',
    path,
    children,
    pids,
  });

  it('holds the folders by name, each with its processes', () => {
    const processes = [
      inCgroup(1, '/'),
      inCgroup(2, '/a/deep'),
      inCgroup(3, '/a/deep'),
      inCgroup(4, '/gone'),
      someProcess({ pid: 5, cgroups: { memory: '/b' } }),
    ];
    expect(readTree(mountedAt('/'), processes)).toEqual(
      group('/', [1], group('/a', [], group('/a/deep', [2, 3], group('/a/deep/er', []))), group('/b', [])),
    );
  });

  it('leaves out zombies, which v1 shows in the root', () => {
    expect(readTree(mountedAt('/'), [inCgroup(1, '/', 'Z'), inCgroup(2, '/')]).pids).toEqual([2]);
  });

  it('finds the processes where only a part of the hierarchy is mounted', () => {
    const processes = [inCgroup(1, '/docker/1a'), inCgroup(2, '/docker/1a/b'), inCgroup(3, '/b')];
    const tree = readTree(mountedAt('/docker/1a'), processes);
    expect(tree.pids).toEqual([1]);
    expect(tree.children.map(({ path, pids }) => [path, pids])).toEqual([
      ['/a', []],
      ['/b', [2]],
    ]);
  });

  it('is a lone root where the mount has gone', () => {
    expect(readTree({ ...mountedAt('/'), mountPoint: join(mountPoint, 'gone') }, [])).toEqual(group('/', []));
  });
});

it('the trees of this machine hold what each cgroup.procs lists', async () => {
  for (const hierarchy of cgroupHierarchies()) {
    // Processes come and go: at some moment both are the same.
    await until(`equal processes in ${hierarchy.mountPoint}`, () => {
      const tree = readTree(hierarchy, readProcesses());
      return everyCgroup(tree).every(({ path, pids }) => sameMembers(pids, procsOf(join(hierarchy.mountPoint, path))));
    });
  }
});

describe.skipIf(process.getuid?.() !== 0)('a new cgroup (needs root)', () => {
  it.each(cgroupHierarchies())('of $mountPoint is in its tree with its process', async (hierarchy) => {
    const folder = join(hierarchy.mountPoint, `tree.${process.pid}`);
    mkdirSync(join(folder, 'inner'), { recursive: true });
    const child = await startChild('sh', ['-c', `echo ready; read _`]);
    try {
      if (hierarchy.controllers.includes('cpuset')) setCpus(folder);
      writeFileSync(join(folder, 'inner', 'cgroup.procs'), `${child.pid}`);
      const found = everyCgroup(readTree(hierarchy, readProcesses())).find(({ pids }) => pids.includes(child.pid));
      expect(found).toEqual({
        hierarchy: hierarchy.key,
        path: `/tree.${process.pid}/inner`,
        children: [],
        pids: [child.pid],
      });
    } finally {
      await child.end();
      for (const gone of [join(folder, 'inner'), folder]) await until(`${gone} is removed`, () => removeCgroup(gone));
    }
  });
});

/** A cgroup of v1's cpuset takes no process before it has processors and memory nodes (cpuset.rst). */
function setCpus(folder: string): void {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    if (!existsSync(join(folder, '..', name))) continue;
    const all = readFileSync(join(folder, '..', name));
    for (const below of [folder, join(folder, 'inner')]) writeFileSync(join(below, name), all);
  }
}

function everyCgroup(cgroup: Cgroup): readonly Cgroup[] {
  return [cgroup, ...cgroup.children.flatMap(everyCgroup)];
}

/** Processes of other pid namespaces are listed as 0. */
function procsOf(folder: string): readonly number[] {
  const text = readFileSync(join(folder, 'cgroup.procs'), 'utf8');
  return text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

function sameMembers(some: readonly number[], others: readonly number[]): boolean {
  return new Set([...some, ...others]).size === some.length && some.length === new Set(others).size;
}
