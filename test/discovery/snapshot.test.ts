import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { loadKernelCalls } from '../../src/discovery/native.ts';
import { hidesProcesses, startScanner, takeSnapshot } from '../../src/discovery/snapshot.ts';
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

it('leaves neither a descriptor nor a timer after 1,000 scans', async () => {
  const calls = await loadKernelCalls();
  expect(calls).not.toHaveProperty('missing');
  const open = () => [readdirSync('/proc/self/fd').length, process.getActiveResourcesInfo().length];
  const scan = startScanner(calls);
  scan();
  const before = open();
  for (let count = 0; count < 1000; count += 1) scan();
  for (let count = 0; count < 20; count += 1) takeSnapshot(calls);
  const after = open();
  for (const [index, number] of after.entries()) expect(number).toBeLessThanOrEqual((before[index] ?? 0) + 2);
});

it('knows from mountinfo that processes of others are hidden', () => {
  const line = (target: string, options: string): string =>
    `24 1 0:22 / ${target} rw,nosuid shared:12 - proc proc ${options}\n`;
  expect(hidesProcesses(line('/proc', 'rw'))).toBe(false);
  expect(hidesProcesses(line('/proc', 'rw,hidepid=1'))).toBe(false);
  expect(hidesProcesses(line('/mnt', 'rw,hidepid=2'))).toBe(false);
  for (const value of ['2', 'invisible', '4', 'ptraceable'])
    expect(hidesProcesses(line('/proc', `rw,gid=7,hidepid=${value}`))).toBe(true);
});
