import { execa } from 'execa';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { findProgram } from '../../src/host/programs.ts';
import { partialFolders } from '../../src/state/records.ts';
import { begun, CALLERS, CLI, isRoot, makeCaller, outside, sandboxFolders, type Caller } from '../support/unshared.ts';
import { busyboxTree } from '../support/busybox.ts';
import { until } from '../support/until.ts';

/** A plain sandbox, one with another root file system, and one in which root has every capability. */
const KINDS = ['host', 'directory', 'held'] as const;
type Kind = (typeof KINDS)[number];

/** The programs that the start script runs by their names, in their order, until the sandbox is whole. */
function stepsOf(caller: 'root' | 'user', kind: Kind): readonly string[] {
  const drop = caller === 'root' ? ['setpriv'] : [];
  const outer = kind === 'held' ? ['unshare', 'perl'] : [];
  return [...drop, ...outer, 'unshare', 'perl'];
}

/**
 * Each program says a line and waits until it may go on. Its folder is first on the script's PATH, in a mount namespace
 * of the test's own; beneath /usr it is also there after the pivot.
 */
const GATED = `#!/bin/sh
here=/usr/local/sbin
echo "\${0##*/}" >$here/said; read -r _ <$here/go
exec REAL "$@"
`;

const PREPARE = `set -eu
mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin; cd /usr/local/sbin
mkfifo -m 666 said go
for name in $GATED_PROGRAMS; do
  real=$(PATH=/usr/bin:/usr/sbin:/bin:/sbin command -v $name); sed "s|REAL|$real|" "$GATED" >$name; chmod 755 $name
done
cd "$WORKSPACE"; exec "$@"`;

const hasStrace = findProgram('strace') !== undefined;

const CASES = CALLERS.flatMap((name) => KINDS.map((kind) => [name, kind] as const));

describe.skipIf(!isRoot).each(CASES)(
  'when the launcher of %s ends, with a sandbox of kind %s (needs root)',
  (name, kind) => {
    let caller: Caller;
    let folder: string;
    let options: readonly string[];
    beforeEach(() => {
      caller = makeCaller(name);
      folder = mkdtempSync(join(tmpdir(), 'unshared-gates-'));
      chmodSync(folder, 0o755);
      options = {
        host: () => [],
        directory: () => ['--profile', 'mounting', '--rootfs', busyboxTree(join(folder, 'tree'))],
        held: () => ['--profile', 'learn'],
      }[kind]();
      writeProfiles(caller);
    });
    afterEach(() => {
      caller.remove();
      rmSync(folder, { recursive: true, force: true });
    });

    it.each(stepsOf(name, kind).map((program, step) => [step + 1, program] as const))(
      'killed before step %i (%s), nothing is left after the next start',
      async (step) => {
        const before = leftovers(caller);
        const start = { caller, folder, options, programs: stepsOf(name, kind) };
        await endBeforeStep(start, step, 'SIGKILL', () =>
          until('every process of it to end', () => leftovers(caller).processes.length === before.processes.length, 10),
        );
        const next = await caller.unshared(['run', '--', 'true']);
        expect(next.exitCode, next.stderr).toBe(0);
        expect(leftovers(caller)).toEqual(before);
      },
    );

    it.each(stepsOf(name, kind).map((program, step) => [step + 1, program] as const))(
      'terminated before step %i (%s), nothing is left at all',
      async (step) => {
        const before = leftovers(caller);
        const start = { caller, folder, options, programs: stepsOf(name, kind) };
        // The first may be the one that makes the launcher an ordinary user.
        expect(['SIGTERM', 143]).toContain(await endBeforeStep(start, step, 'SIGTERM', () => Promise.resolve()));
        expect(leftovers(caller)).toEqual(before);
      },
    );
  },
);

describe.each(CALLERS)('when a sandbox of %s is given up at a line of "init", nothing is left', (name) => {
  let caller: Caller;
  beforeEach(() => {
    caller = makeCaller(name);
  });
  afterEach(() => caller.remove());

  async function start(lifetime: string, init: string) {
    const profiles = { mine: { lifetime, init: [init] } };
    await outside(caller, 'mkdir -p .vscode && cat >.vscode/sandboxes.json', JSON.stringify({ profiles }));
    const before = leftovers(caller);
    return { before, launcher: begun(caller, ['run', '--profile', 'mine', '--', 'true']) };
  }

  const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
  it.each(
    Object.entries(signals).flatMap(([signal, status]) =>
      ['terminal', 'untilStopped'].map((lifetime) => [signal as keyof typeof signals, lifetime, status] as const),
    ),
  )('by %s, where its lifetime is %s', async (signal, lifetime, status) => {
    const { before, launcher } = await start(lifetime, 'exec sleep 59.75');
    await until('the line', () => commandLines().includes('sleep 59.75 '));
    launcher.kill(signal);
    expect((await launcher).exitCode).toBe(status);
    expect(leftovers(caller)).toEqual(before);
  });

  it.each(['terminal', 'untilStopped'])('because it fails, where its lifetime is %s', async (lifetime) => {
    const { before, launcher } = await start(lifetime, 'exit 3');
    const { exitCode, stderr } = await launcher;
    expect([exitCode, stderr]).toEqual([125, expect.stringContaining('failed with exit status 3')]);
    expect(leftovers(caller)).toEqual(before);
  });
});

describe.skipIf(!isRoot || !hasStrace).each(CALLERS)(
  'when the launcher of %s is killed (needs root and strace)',
  (name) => {
    let caller: Caller;
    beforeEach(() => {
      caller = makeCaller(name);
    });
    afterEach(() => caller.remove());

    /** As strace(1) counts them: the record, the folder that has it, and what comes later up to the folder that goes. */
    it.each([1, 2, 3, 4])('before it renames for the %i. time, nothing is left after the next start', async (when) => {
      const inject = ['-f', '-qq', '-e', 'trace=/^rename', '-e', `inject=/^rename:signal=KILL:when=${when}`];
      const [file = '', ...words] = caller.asCaller([process.execPath, CLI, 'run', '--', 'true']);
      const options = { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false } as const;
      const { signal } = await execa('strace', [...inject, '-o', '/dev/null', '--', file, ...words], options);
      expect(signal).toBe('SIGKILL');
      await until('every process of it to end', () => leftovers(caller).processes.length === 0, 10);
      const next = await caller.unshared(['run', '--', 'true']);
      expect(next.exitCode, next.stderr).toBe(0);
      expect(partialFolders(caller.runtime)).toEqual([]);
      expect(leftovers(caller).folders).toEqual([]);
    });
  },
);

/** A system call of the program inside, and which one of its name it is. */
const CALLS = [
  ['openat2', 2],
  ['fsopen', 1],
  ['move_mount', 1],
  ['move_mount', 9],
  ['pivot_root', 1],
  ['umount2', 1],
  ['signalfd4', 1],
] as const;

describe.skipIf(!isRoot || !hasStrace).each(CALLERS)(
  'when PID 1 of %s is killed while it makes the sandbox (needs root and strace)',
  (name) => {
    let caller: Caller;
    beforeEach(() => {
      caller = makeCaller(name);
    });
    afterEach(() => caller.remove());

    it.each(CALLS)('at %s number %i, the start fails and nothing is left', async (call, when) => {
      const before = leftovers(caller);
      const inject = ['-f', '-qq', '-e', `trace=${call}`, '-e', `inject=${call}:signal=KILL:when=${when}`];
      const [file = '', ...words] = caller.asCaller([process.execPath, CLI, 'run', '--', 'true']);
      const options = { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false } as const;
      const { exitCode, stderr } = await execa('strace', [...inject, '-o', '/dev/null', '--', file, ...words], options);
      expect(exitCode, stderr).toBe(125);
      expect(stderr).toContain('The sandbox did not start');
      expect(leftovers(caller)).toEqual(before);
    });
  },
);

/** A profile that mounts a file into a folder which the root file system does not have. */
function writeProfiles({ workspace }: Caller): void {
  mkdirSync(join(workspace, '.vscode'));
  const mounts = [{ bind: '/etc/os-release', to: '/new/folder/os-release' }];
  const profiles = { mounting: { extends: 'throwaway', mounts } };
  writeFileSync(join(workspace, '.vscode/sandboxes.json'), JSON.stringify({ profiles }));
}

interface GatedStart {
  readonly caller: Caller;
  readonly folder: string;
  readonly options: readonly string[];
  readonly programs: readonly string[];
}

/** Ends the launcher so that no process of the start has run further by then, lets them go on, and returns its exit status or the signal. */
async function endBeforeStep(
  { caller, folder, options, programs }: GatedStart,
  step: number,
  signal: 'SIGKILL' | 'SIGTERM',
  ended: () => Promise<unknown>,
): Promise<number | string | undefined> {
  const gated = join(folder, 'gated');
  await execa('sh', ['-c', 'cat >"$1"', 'sh', gated], { input: GATED });
  const command = caller.asCaller([process.execPath, CLI, 'run', ...options, '--', 'true']);
  const launcher = execa(
    'unshare',
    ['--mount', '--propagation', 'private', '--', 'sh', '-c', PREPARE, 'sh', ...command],
    {
      env: {
        ...caller.env,
        GATED: gated,
        GATED_PROGRAMS: [...new Set(programs)].join(' '),
        WORKSPACE: caller.workspace,
      },
      extendEnv: false,
      reject: false,
      buffer: true,
    },
  );
  const seen = `/proc/${launcher.pid ?? 0}/root/usr/local/sbin`;
  await until('the gates', () => existsSync(`${seen}/perl`) && existsSync(`${seen}/go`));
  // Opened for both, so that neither side waits for the other to open, and so that they stay once the launcher is gone.
  const said = await open(`${seen}/said`, 'r+');
  const go = await open(`${seen}/go`, 'r+');
  try {
    // Two programs in the background may stand at their gates at once.
    for (let waiting = 0; waiting < step;) {
      const { buffer, bytesRead } = await Promise.race([said.read(Buffer.alloc(256), 0, 256), tooEarly(launcher)]);
      const arrived = buffer.toString('utf8', 0, bytesRead).split('\n').length - 1;
      waiting += arrived;
      if (waiting < step) await go.write('go\n'.repeat(arrived));
    }
    launcher.kill(signal);
    if (signal === 'SIGKILL') await launcher;
    await go.write('go\n'.repeat(30));
    await ended();
    const { exitCode, signal: endedBy } = await launcher;
    return exitCode ?? endedBy;
  } finally {
    await said.write('end\n'); // a read that still waits would keep it open
    await said.close();
    await go.close();
  }
}

/** A launcher that ends by itself would be waited for in vain. */
async function tooEarly(launcher: PromiseLike<{ readonly stderr: string }>): Promise<never> {
  throw new Error(`the launcher ended before the step: ${(await launcher).stderr}`);
}

/** What a sandbox may leave: processes, mounts of this namespace, folders, cgroups, layers, temporary files. */
function leftovers(caller: Caller) {
  const layers =
    caller.uid === 0
      ? '/var/lib/namespace-sandboxes/state/layers'
      : join(caller.home, '.local/state/namespace-sandboxes/layers');
  return {
    processes: commandLines().filter((line) => line.includes(`${caller.runtime}/`) && line.includes('start.sh')),
    marked: commandLines().filter((line) => line.includes('namespace-sandboxes:')),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').length,
    folders: sandboxFolders(caller),
    cgroups: cgroupHierarchies().flatMap(({ mountPoint }) => list(`${mountPoint}/namespace-sandboxes`)),
    layers: list(layers),
    workspace: list(caller.workspace),
  };
}

function commandLines(): readonly string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    });
}

function list(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
