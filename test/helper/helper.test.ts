import { execa } from 'execa';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { hierarchyFor } from '../../src/cgroup/limits.ts';
import { startHelper, type Helper } from '../../src/elevation/start-helper.ts';
import { ProblemError } from '../../src/model/problem.ts';
import { isRoot } from '../support/unshared.ts';
import { until } from '../support/until.ts';

const HELPER = resolve('dist/helper.cjs');
const hierarchies = cgroupHierarchies();
const legacy = (['memory.max', 'pids.max', 'cpuset.cpus', 'io.max'] as const).every(
  (key) => hierarchyFor(key, hierarchies)?.version === 1,
);
const [major = 0, minor = 0] = (readdirSync('/sys/dev/block')[0] ?? '0:0').split(':').map(Number);

describe.skipIf(!isRoot || !legacy)('the helper as root (needs root and cgroup v1 controllers)', () => {
  let helper: Helper;
  const acts: string[] = [];
  beforeEach(async () => {
    acts.length = 0;
    helper = await startHelper(HELPER, (line) => acts.push(line));
  });
  afterEach(async () => {
    helper.dispose();
    await helper.ended;
  });

  it('makes, reports and removes cgroups with limits', async () => {
    const { folders } = await helper.request('limits/make', {
      id: 'test-a1',
      limits: { 'memory.max': 64 * 1024 ** 2, 'pids.max': 20 },
    });
    expect(folders['memory.max']).toMatch(/\/namespace-sandboxes\/0\.test-a1$/);
    await expect(helper.request('limits/make', { id: 'test-a1', limits: { 'pids.max': 9 } })).rejects.toThrow(/EEXIST/);
    expect(await helper.request('limits/remove', { id: 'test-a1' })).toEqual({ removed: true });
    expect(existsSync(folders['pids.max'] ?? '')).toBe(false);
    expect(acts.length).toBe(2);
  });

  it('acts for root where root has started it, who may have become it by sudo', async () => {
    process.env.SUDO_UID = '47000';
    try {
      const other = await startHelper(HELPER, () => undefined);
      const { folders } = await other.request('limits/make', { id: 'test-sudo', limits: { 'pids.max': 20 } });
      expect(folders['pids.max']).toMatch(/\/0\.test-sudo$/);
      await other.request('limits/remove', { id: 'test-sudo' });
      other.dispose();
      await other.ended;
    } finally {
      delete process.env.SUDO_UID;
    }
  });

  it('sets limits of every kind, and says which the kernel refuses', async () => {
    const limits = {
      ...{ 'memory.max': 64 * 1024 ** 2, 'memory.high': 2 ** 20, 'memory.swap.max': 0, 'cpu.weight': 50 },
      ...{ 'cpuset.cpus': '0', 'io.max': [{ major, minor, rbps: 4096 }] },
    };
    const { folders, refused } = await helper.request('limits/make', { id: 'test-all', limits });
    expect(Object.keys(refused)).toContain('memory.high');
    expect(refused['memory.high']).toMatch(/^cgroup v1 has nothing/);
    const kept = (key: keyof typeof folders, file: string) => readFileSync(`${folders[key] ?? ''}/${file}`, 'utf8');
    expect(kept('cpu.weight', 'cpu.shares')).toBe('512\n');
    expect(kept('cpuset.cpus', 'cpuset.cpus')).toBe('0\n');
    expect(kept('io.max', 'blkio.throttle.read_bps_device')).toBe(`${major}:${minor} 4096\n`);
    const entries = ['cpu.weight', 'cpuset.cpus', 'io.max'] as const;
    for (const key of entries) expect(folders[key]).toMatch(/\/namespace-sandboxes\/0\.test-all$/);
    expect(await helper.request('limits/remove', { id: 'test-all' })).toEqual({ removed: true });
  });

  it('keeps no cgroup for what is refused altogether', async () => {
    const limits = { 'memory.low': 2 ** 20 };
    const { folders, refused } = await helper.request('limits/make', { id: 'test-none', limits });
    expect({ folders, keys: Object.keys(refused) }).toEqual({ folders: {}, keys: ['memory.low'] });
    expect(acts).toEqual([]);
  });

  it('places a process of its caller, and no other', async () => {
    const own = spawn('sleep', ['100']);
    const foreign = spawn('setpriv', ['--reuid', '47000', '--regid', '47000', '--clear-groups', 'sleep', '100']);
    try {
      await until('the other user', () => statSync(`/proc/${foreign.pid ?? 0}`).uid === 47_000);
      const { folders } = await helper.request('limits/make', { id: 'test-a2', limits: { 'pids.max': 20 } });
      await helper.request('limits/place', { id: 'test-a2', pid: own.pid ?? 0 });
      await expect(helper.request('limits/place', { id: 'test-a2', pid: foreign.pid ?? 0 })).rejects.toThrow(
        /another user/,
      );
      await expect(helper.request('limits/place', { id: 'test-a2', pid: 4_000_000 })).rejects.toThrow(/ENOENT/);
      await expect(helper.request('limits/place', { id: 'other', pid: own.pid ?? 0 })).rejects.toThrow(/no cgroup/);
      const { stdout } = await execa('cat', [`${folders['pids.max'] ?? ''}/cgroup.procs`]);
      expect(stdout.split('\n')).toEqual([String(own.pid)]);
    } finally {
      await Promise.all([own, foreign].map(killed));
      await until(
        'the cgroup to be removed',
        async () => (await helper.request('limits/remove', { id: 'test-a2' })).removed,
      );
    }
  });

  it('refuses what its schema does not know, and acts on nothing', async () => {
    const loose = helper as unknown as { request(verb: string, params: unknown): Promise<unknown> };
    const bad: readonly [string, unknown][] = [
      ['limits/make', { id: '../x', limits: { 'pids.max': 5 } }],
      ['limits/make', { id: 'a/b', limits: { 'pids.max': 5 } }],
      ['limits/make', { id: 'x'.repeat(33), limits: { 'pids.max': 5 } }],
      ['limits/make', { id: 'x', limits: {} }],
      ['limits/make', { id: 'x', limits: { 'pids.max': -1 } }],
      ['limits/make', { id: 'x', limits: { 'pids.max': '5' } }],
      ['limits/make', { id: 'x', limits: { 'memory.low': 0 } }],
      ['limits/make', { id: 'x', limits: { 'cpu.weight': 10_001 } }],
      ['limits/make', { id: 'x', limits: { 'cpu.max': { quota: 1, period: 1 } } }],
      ['limits/make', { id: 'x', limits: { 'cpuset.cpus': '../../x' } }],
      ['limits/make', { id: 'x', limits: { 'cpuset.cpus': '1,0' } }],
      ['limits/make', { id: 'x', limits: { 'cpuset.cpus': '' } }],
      ['limits/make', { id: 'x', limits: { 'io.max': '/dev/vda rbps=1' } }],
      ['limits/make', { id: 'x', limits: { 'io.max': [{ device: '/dev/vda', rbps: 1 }] } }],
      ['limits/make', { id: 'x', limits: { 'io.max': [{ major: 8, minor: 0 }] } }],
      ['limits/make', { id: 'x', limits: { 'io.max': [{ major: 8, minor: 2 ** 20, rbps: 1 }] } }],
      ['limits/make', { id: 'x', limits: { 'hugetlb.3MB.max': 1 } }],
      ['limits/make', { id: 'x', limits: { 'pids.max': 5 }, uid: 0 }],
      ['limits/place', { id: 'x', pid: 0 }],
      ['limits/place', { id: 'x', pid: 1.5 }],
      ['limits/sweep', { ended: ['..'] }],
      ['limits/remove', null],
      ['run', { command: 'id' }],
      ['__proto__', {}],
    ];
    for (const [verb, params] of bad)
      await expect(loose.request(verb, params), JSON.stringify(params)).rejects.toThrow(ProblemError);
    expect(acts).toEqual([]);
  });

  it('sweeps what an earlier helper left, and only what has ended', async () => {
    await helper.request('limits/make', { id: 'test-dead', limits: { 'pids.max': 5 } });
    await helper.request('limits/make', { id: 'test-alive', limits: { 'pids.max': 5 } });
    await helper.request('limits/sweep', { ended: ['test-dead'] });
    expect(await helper.request('limits/place', { id: 'test-dead', pid: process.pid }).catch(String)).toMatch(
      /no cgroup/,
    );
    expect(await helper.request('limits/remove', { id: 'test-alive' })).toEqual({ removed: true });
  });

  it('ends at a message that is too long', async () => {
    const child = spawn(process.execPath, [HELPER], { stdio: ['pipe', 'ignore', 'ignore'] });
    const exit = once(child, 'exit');
    child.stdin.write(`Content-Length: 70000\r\n\r\n`);
    expect(await exit).toEqual([1, null]);
  });
});

describe('the helper as somebody else', () => {
  it('ends at once with a reason', async () => {
    const drop: readonly string[] = isRoot ? ['setpriv', '--reuid', '47000', '--regid', '47000', '--clear-groups'] : [];
    const { exitCode, stderr } = await execa('env', [...drop, process.execPath, HELPER], {
      reject: false,
      env: { PKEXEC_UID: '0' },
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('must be started by pkexec');
  });
});

async function killed(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
