import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { hierarchyFor } from '../../src/cgroup/limits.ts';
import { takeSnapshot } from '../../src/discovery/snapshot.ts';
import { startHelper, type Helper } from '../../src/elevation/start-helper.ts';
import type { LimitValues } from '../../src/model/limits/table.ts';
import { isRoot } from '../support/unshared.ts';
import { until } from '../support/until.ts';
import { HELPER } from './raw-helper.ts';

const hierarchies = cgroupHierarchies();
const CASES: readonly (readonly [number, LimitValues])[] = (
  [
    [1, { 'pids.max': 50 }],
    [2, { 'pids.max': 50 }],
    [2, { 'hugetlb.2MB.max': 0 }],
  ] as const
).filter(([version, limits]) =>
  Object.keys(limits).every((key) => hierarchyFor(key as keyof LimitValues, hierarchies)?.version === version),
);

describe.skipIf(!isRoot)('the verbs of the helper (needs root)', () => {
  let helper: Helper;
  const acts: string[] = [];
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    acts.length = 0;
    helper = await startHelper(HELPER, (line) => acts.push(line));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await killed(child);
    helper.dispose();
    await helper.ended;
  });

  it('host: says what this host is, and where its own programs are', async () => {
    const { kernel, layout, programs } = await helper.request('host', {});
    expect({ kernel, layout }).toEqual({ kernel: release(), layout: takeSnapshot().layout });
    expect(programs.ip).toMatch(/^\/(usr\/)?s?bin\/ip$/);
    expect(acts).toEqual([]);
  });

  it('scan: sees what root sees', async () => {
    const { processes, namespaces } = await helper.request('scan', {});
    const own = takeSnapshot();
    expect(namespaces.find(({ type }) => type === 'user')).toMatchObject(own.namespaces[0] ? { type: 'user' } : {});
    expect(processes.find(({ pid }) => pid === process.pid)?.namespaces).toEqual(
      own.processes.find(({ pid }) => pid === process.pid)?.namespaces,
    );
    expect(acts).toHaveLength(1);
  });

  describe.each(CASES)('cgroup v%i, limits %o', (_, limits) => {
    afterEach(async () => {
      await until(
        'the cgroups to be gone',
        async () => (await helper.request('limits/remove', { id: 'test-verbs' })).removed,
      );
    });

    async function sandbox(command: string): Promise<{ readonly pid: number; readonly child: ChildProcess }> {
      const child = spawn('sh', ['-c', `read -r _; ${command}`], { stdio: ['pipe', 'ignore', 'ignore'] });
      children.push(child);
      await helper.request('limits/make', { id: 'test-verbs', limits });
      await helper.request('limits/place', { id: 'test-verbs', pid: child.pid ?? 0 });
      child.stdin.write('\n');
      return { pid: child.pid ?? 0, child };
    }

    it('stops all processes, lets them go on, and kills them', async () => {
      const { child } = await sandbox('sleep 1000 & while :; do :; done');
      const members = await until('both', async () => {
        const found = (await helper.request('scan', {})).processes.filter(({ ppid, pid }) =>
          [ppid, pid].includes(child.pid ?? 0),
        );
        return found.length === 2 ? found.map(({ pid }) => pid) : undefined;
      });
      await helper.request('limits/freeze', { id: 'test-verbs' });
      await until('them to stand', () => members.every((pid) => standsStill(pid)));
      await helper.request('limits/thaw', { id: 'test-verbs' });
      await until('it to run', () => !standsStill(members[0] ?? 0));
      const exit = once(child, 'exit');
      await helper.request('limits/kill', { id: 'test-verbs' });
      expect(await exit).toEqual([null, 'SIGKILL']);
      await until('the other', () => members.every((pid) => !isAlive(pid)));
    });

    it('kills what forks without end', async () => {
      const { child } = await sandbox('f() { while :; do f & sleep 0.01; done; }; f & exec sleep 1000');
      const exit = once(child, 'exit');
      await helper.request('limits/kill', { id: 'test-verbs' });
      expect(await exit).toEqual([null, 'SIGKILL']);
    });

    it('acts on no sandbox that is not there', async () => {
      for (const verb of ['limits/freeze', 'limits/thaw', 'limits/kill'] as const)
        await expect(helper.request(verb, { id: 'test-nobody' })).rejects.toThrow(/no cgroup/);
      const changed = await helper.request('limits/set', { id: 'test-nobody', limits });
      expect(changed.folders).toEqual({});
      expect(acts).toEqual([]);
    });
  });

  it.skipIf(hierarchyFor('memory.max', hierarchies)?.version !== 1)(
    'sets other limits of a sandbox, also where one stands in the way of another (cgroup v1)',
    async () => {
      const limits = (megabytes: number) => ({ 'memory.max': megabytes * 2 ** 20, 'memory.swap.max': 0 });
      const { folders, refused } = await helper.request('limits/make', { id: 'test-set', limits: limits(64) });
      const swap = refused['memory.swap.max'] === undefined;
      const set = async (given: LimitValues) =>
        (await helper.request('limits/set', { id: 'test-set', limits: given })).refused;
      for (const megabytes of [128, 32]) {
        expect(await set(swap ? limits(megabytes) : { 'memory.max': megabytes * 2 ** 20 })).toEqual({});
        const kept = readFileSync(`${folders['memory.max'] ?? ''}/memory.limit_in_bytes`, 'utf8');
        expect(Number(kept)).toBe(megabytes * 2 ** 20);
      }
      expect(await set({ 'pids.max': 7 })).toEqual({ 'pids.max': 'the sandbox has no cgroup for it' });
      await helper.request('limits/remove', { id: 'test-set' });
    },
  );
});

/** Whether a process gets no time: in state D on v1, and asleep without a timer on v2. */
function standsStill(pid: number): boolean {
  const used = (): string => readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ').slice(13, 15).join(' ');
  const before = used();
  const end = Date.now() + 60;
  while (Date.now() < end);
  return used() === before;
}

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
