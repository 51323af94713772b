import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { takeSnapshot } from '../../src/discovery/snapshot.ts';
import { NAMESPACE_TYPES } from '../../src/model/namespace.ts';

it('holds the observer, its namespaces and its cgroups', () => {
  const { processes, namespaces, hierarchies, trees } = takeSnapshot();
  const own = processes.find(({ pid }) => pid === process.pid);
  for (const type of NAMESPACE_TYPES) {
    const found = namespaces.find((one) => one.type === type && one.inode === own?.namespaces[type]);
    expect(found?.pids, type).toContain(process.pid);
  }
  expect(hierarchies).toEqual(cgroupHierarchies());
  expect(trees.map(({ hierarchy, path }) => [hierarchy, path])).toEqual(hierarchies.map(({ key }) => [key, '/']));
});

it('leaves no descriptor open', () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  for (let snapshot = 0; snapshot < 200; snapshot += 1) takeSnapshot();
  expect(descriptors()).toBeLessThan(before + 10);
});
