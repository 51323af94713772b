import { execa } from 'execa';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { hierarchyFor } from '../../src/cgroup/limits.ts';
import { LIMIT_KEYS } from '../../src/model/profile.ts';
import { findProgram } from '../../src/host/programs.ts';
import { CLI, isRoot, makeCaller, running, sandboxFolders, type Caller } from '../support/unshared.ts';
import { until } from '../support/until.ts';

const hierarchies = cgroupHierarchies();
const mounted = LIMIT_KEYS.every((key) => hierarchyFor(key, hierarchies) !== undefined);
const HOG = 'head -c 200M /dev/zero | tail | wc -c; echo survived';
const FORKS = 'i=0; while [ $i -lt 40 ]; do sleep 5 & i=$((i + 1)); done; wait';

describe.skipIf(!isRoot || !mounted)('limits, by root itself (needs root and mounted controllers)', () => {
  let caller: Caller;
  beforeEach(() => {
    caller = makeCaller('root');
  });
  afterEach(() => {
    expect(sandboxFolders(caller)).toEqual([]);
    caller.remove();
  });

  it('memory.max kills a hog, and says so in words', async () => {
    const { stderr } = await caller.unshared(['run', '--limit', 'memory.max=64M', '--', 'sh', '-c', HOG]);
    expect(stderr).toContain('killed by memory.max = 64M');
  });

  it('pids.max stops a fork bomb', async () => {
    const { stderr } = await caller.unshared(['run', '--limit', 'pids.max=20', '--', 'sh', '-c', FORKS]);
    expect(stderr).toMatch(/Cannot fork|Resource temporarily unavailable/);
  });

  it('cpu.max throttles a busy loop', async () => {
    const throttled = await whileRunning(
      caller,
      ['--limit', 'cpu.max=10%'],
      ['sh', '-c', 'while :; do :; done'],
      async () =>
        until('the loop to be throttled', async () => {
          const [sandbox] = await running(caller);
          const folder = sandbox?.limits.cgroups['cpu.max'];
          const periods = folder && /nr_throttled (\d+)/.exec(readFileSync(`${folder}/cpu.stat`, 'utf8'))?.[1];
          return Number(periods) > 5 && Number(periods);
        }),
    );
    expect(throttled).toBeGreaterThan(5);
  });

  it('a second terminal is under the same limits, and in the same cgroups', async () => {
    await whileRunning(caller, ['--limit', 'memory.max=64M', '--limit', 'pids.max=50'], ['sleep', '60'], async () => {
      const [sandbox] = await until('the sandbox', async () => {
        const all = await running(caller);
        return all.length === 1 && all;
      });
      const id = sandbox?.id ?? '';
      const { stderr } = await caller.unshared(['enter', id, '--', 'sh', '-c', HOG]);
      expect(stderr).toContain('killed by memory.max = 64M');
      const forks = await caller.unshared(['enter', id, '--', 'sh', '-c', FORKS.replaceAll('40', '60')]);
      expect(forks.stderr).toMatch(/Cannot fork|Resource temporarily unavailable/);
      const members = readFileSync(`${sandbox?.limits.cgroups['pids.max'] ?? ''}/cgroup.procs`, 'utf8').split('\n');
      expect(members).toContain(String(sandbox?.pid));
    });
  });

  it('leaves no cgroup', async () => {
    await caller.unshared([
      'run',
      '--limit',
      'memory.max=64M',
      '--limit',
      'cpu.max=50%',
      '--limit',
      'pids.max=99',
      '--',
      'true',
    ]);
    const left = hierarchies
      .map(({ mountPoint }) => `${mountPoint}/namespace-sandboxes`)
      .filter((path) => existsSync(path));
    expect(left).toEqual([]);
  });
});

const WITH_POLKIT = resolve('test/support/with-polkit.sh');
const polkit = ['pkexec', 'dbus-daemon'].every((program) => findProgram(program) !== undefined);

describe.skipIf(!isRoot || !mounted || !polkit)(
  'limits by the helper (needs root, pkexec, polkitd and dbus-daemon)',
  () => {
    let caller: Caller;
    beforeEach(() => {
      caller = makeCaller('user');
    });
    afterEach(() => {
      expect(sandboxFolders(caller)).toEqual([]);
      caller.remove();
    });

    async function run(answer: string, args: readonly string[]) {
      return execa('sh', [WITH_POLKIT, answer, process.execPath, CLI, 'run', ...args], {
        cwd: caller.workspace,
        env: { ...caller.env, SANDBOXER_HOME: caller.home },
        extendEnv: false,
        reject: false,
        timeout: 60_000,
      });
    }

    it('hold once polkit has granted it, and nothing of them is left', async () => {
      const { stderr } = await run('yes', [
        '--limit',
        'memory.max=64M',
        '--limit',
        'pids.max=50',
        '--',
        'sh',
        '-c',
        HOG,
      ]);
      expect(stderr).toContain('killed by memory.max = 64M');
      expect(stderr).toMatch(/as root: made the cgroups \S+memory\/namespace-sandboxes\/47000\.throwaway/);
      expect(stderr).toContain('as root: removed the cgroups');
      expect(hierarchies.filter(({ mountPoint }) => existsSync(`${mountPoint}/namespace-sandboxes`))).toEqual([]);
    });

    it.each([
      ['no', 'Not authorized'],
      ['auth_admin', 'agent'],
    ])('do not start when polkit answers %s', async (answer, reason) => {
      const { exitCode, stderr } = await run(answer, ['--limit', 'memory.max=64M', '--', 'echo', 'started']);
      expect(exitCode).toBe(125);
      expect(stderr).toContain('The helper was not authorised');
      expect(stderr).toContain(reason);
    });

    it('that are best effort ask nobody, and say what is missing', async () => {
      const { exitCode, stdout, stderr } = await run('no', ['--', 'echo', 'started']);
      expect(exitCode).toBe(0);
      expect(stdout).toBe('started');
      expect(stderr).toContain('Runs without memory.max, pids.max');
    });
  },
);

/** Keeps a sandbox running meanwhile. */
async function whileRunning<T>(
  caller: Caller,
  options: readonly string[],
  command: readonly string[],
  look: () => Promise<T>,
): Promise<T> {
  const [file = '', ...args] = caller.asCaller([process.execPath, CLI, 'run', ...options, '--', ...command]);
  const child = execa(file, args, {
    cwd: caller.workspace,
    env: caller.env,
    extendEnv: false,
    reject: false,
  });
  try {
    return await look();
  } finally {
    child.kill('SIGTERM');
    await child;
  }
}
