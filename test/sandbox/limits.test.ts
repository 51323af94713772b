import { execa } from 'execa';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { hierarchyFor } from '../../src/cgroup/limits.ts';
import type { LimitKey } from '../../src/model/limits/table.ts';
import { findProgram } from '../../src/host/programs.ts';
import { patience } from '../support/pace.ts';
import { CLI, isRoot, makeCaller, running, sandboxFolders, type Caller } from '../support/unshared.ts';
import { until } from '../support/until.ts';

const hierarchies = cgroupHierarchies();
const mounted = (['memory.max', 'pids.max', 'cpu.max'] as const).every((key) => hierarchyFor(key, hierarchies));
const isLegacy = (key: LimitKey): boolean => hierarchyFor(key, hierarchies)?.version === 1;
const legacy = (['memory.max', 'cpu.weight', 'cpuset.cpus', 'io.max'] as const).every(isLegacy);
/** Any disk of this machine, by its numbers. */
const [disk] = readdirSync('/sys/dev/block').filter((numbers) => !existsSync(`/sys/dev/block/${numbers}/partition`));
const HOG = 'head -c 200M /dev/zero | tail | wc -c; echo survived';
const HUGE_PAGES = '/sys/kernel/mm/hugepages/hugepages-2048kB';
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

describe.skipIf(!isRoot || !legacy)('limits on cgroup v1 (needs root and the controllers of v1)', () => {
  let caller: Caller;
  beforeEach(() => {
    caller = makeCaller('root');
  });
  afterEach(() => {
    expect(sandboxFolders(caller)).toEqual([]);
    caller.remove();
  });

  /** Starts a sandbox under these limits, and gives what a file of one of its cgroups says while its command runs. */
  const kept = (limits: readonly string[], key: LimitKey, file: string): Promise<string> =>
    whileRunning(
      caller,
      limits.flatMap((limit) => ['--limit', limit]),
      ['sleep', '60'],
      async () => {
        const folder = await until('the command', async () => {
          const [sandbox] = await running(caller);
          const place = sandbox?.limits.cgroups[key];
          return place !== undefined && namesIn(place).includes('sleep') && place;
        });
        return readFileSync(`${folder}/${file}`, 'utf8').trim();
      },
    );

  it('cpu.weight is kept as shares', async () => {
    expect(await kept(['cpu.weight=50'], 'cpu.weight', 'cpu.shares')).toBe('512');
  });

  it('cpuset.cpus holds the first terminal, and a second one', async () => {
    await whileRunning(caller, ['--limit', 'cpuset.cpus=0'], ['sleep', '60'], async () => {
      const [sandbox] = await until('the sandbox', async () => {
        const all = await running(caller);
        return all.length === 1 && all;
      });
      const { stdout } = await caller.unshared(['enter', sandbox?.id ?? '', '--', 'nproc']);
      expect(stdout).toBe('1');
      expect(sandbox?.limits.held).toMatchObject({ 'cpuset.cpus': '0' });
    });
    expect((await caller.unshared(['run', '--limit', 'cpuset.cpus=0', '--', 'nproc'])).stdout).toBe('1');
  });

  it.skipIf(disk === undefined)('io.max is kept for each rate (needs a disk)', async () => {
    const limit = `io.max=${disk ?? ''} rbps=10M wiops=100`;
    expect(await kept([limit], 'io.max', 'blkio.throttle.read_bps_device')).toBe(`${disk ?? ''} 10485760`);
    expect(await kept([limit], 'io.max', 'blkio.throttle.write_iops_device')).toBe(`${disk ?? ''} 100`);
  });

  const top = hierarchyFor('memory.max', hierarchies)?.mountPoint ?? '';
  it.skipIf(!existsSync(`${top}/memory.memsw.limit_in_bytes`))(
    'memory.swap.max is kept together with memory.max (needs an account of swap)',
    async () => {
      const limits = ['memory.max=64M', 'memory.swap.max=16M'];
      expect(await kept(limits, 'memory.swap.max', 'memory.memsw.limit_in_bytes')).toBe(String(80 * 1024 ** 2));
    },
  );

  const huge = hierarchyFor('hugetlb.2MB.max', hierarchies)?.version === 2 && existsSync(HUGE_PAGES);
  it.skipIf(!huge)('hugetlb.2MB.max is kept beside them on v2 (needs such pages)', async () => {
    expect(await kept(['hugetlb.2MB.max=5M'], 'hugetlb.2MB.max', 'hugetlb.2MB.max')).toBe(String(4 * 1024 ** 2));
  });

  it.each([
    ['memory.high=48M', 'memory.high cannot be enforced here: cgroup v1 has nothing that slows processes down'],
    ['memory.low=16M', 'memory.low cannot be enforced here: cgroup v1 protects no memory.'],
    ['cpuset.cpus=0-8191', 'cpuset.cpus cannot be enforced here: the kernel took no "0-8191" for cpuset.cpus ('],
    ['io.max=/dev/null rbps=1M', 'io.max cannot be enforced here: /dev/null is no block device.'],
    ['io.max=/dev/no-disk rbps=1M', 'io.max cannot be enforced here: /dev/no-disk is no device of this machine.'],
    ['hugetlb.16GB.max=0', 'hugetlb.16GB.max cannot be enforced here: this'],
  ])('%s is refused in words where it is strict', async (limit, words) => {
    const { exitCode, stderr } = await caller.unshared(['run', '--limit', limit, '--', 'echo', 'started']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 125, stderr: expect.stringContaining(words) as unknown });
    expect(hierarchies.filter(({ mountPoint }) => existsSync(`${mountPoint}/namespace-sandboxes`))).toEqual([]);
  });

  it('hold as far as they can where they are of best effort, and the others are said', async () => {
    const limits = {
      ...{ mode: 'best-effort', 'memory.high': '48M', 'memory.low': '1M', 'cpu.weight': 10 },
      ...{ 'cpuset.cpus': '0-8191', 'io.max': { '/dev/null': 'rbps=1' } },
    };
    mkdirSync(`${caller.workspace}/.vscode`);
    writeFileSync(`${caller.workspace}/.vscode/sandboxes.json`, JSON.stringify({ profiles: { soft: { limits } } }));
    const { stdout, stderr } = await caller.unshared(['run', '--profile', 'soft', '--', 'echo', 'started']);
    expect(stdout).toBe('started');
    expect(stderr).toContain('Runs without memory.high: cgroup v1 has nothing');
    expect(stderr).toContain('Runs without memory.low: cgroup v1 protects no memory.');
    expect(stderr).toContain('Runs without cpuset.cpus: the kernel took no "0-8191"');
    expect(stderr).toContain('Runs without io.max: /dev/null is no block device.');
    expect(stderr).not.toMatch(/without [^:]*cpu\.weight/);
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
        timeout: patience(60_000),
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
      const memory = hierarchyFor('memory.max', hierarchies)?.mountPoint ?? '';
      expect(stderr).toMatch(/as root: made the cgroups \S/);
      expect(stderr).toContain(`${memory}/namespace-sandboxes/47000.throwaway`);
      expect(stderr).toContain('as root: removed the cgroups');
      expect(hierarchies.filter(({ mountPoint }) => existsSync(`${mountPoint}/namespace-sandboxes`))).toEqual([]);
    });

    it.each([
      ['no', 'The helper was not authorised (Error executing command as another user: Not authorized)'],
      ['auth_admin', "Nobody can ask for the administrator's password here"],
    ])('do not start when polkit answers %s', async (answer, reason) => {
      const { exitCode, stderr } = await run(answer, ['--limit', 'memory.max=64M', '--', 'echo', 'started']);
      expect(exitCode).toBe(125);
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

/** Names of the processes in a cgroup. */
function namesIn(folder: string): readonly string[] {
  const pids = readFileSync(`${folder}/cgroup.procs`, 'utf8').split('\n').filter(Boolean);
  return pids.map((pid) => (existsSync(`/proc/${pid}/comm`) ? readFileSync(`/proc/${pid}/comm`, 'utf8').trim() : ''));
}

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
    forceKillAfterDelay: patience(5_000),
  });
  try {
    return await look();
  } finally {
    child.kill('SIGTERM');
    await child;
  }
}
