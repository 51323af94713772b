import { execa } from 'execa';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { CALLERS, CLI, isRoot, makeCaller, sandboxFolders, type Caller } from '../support/unshared.ts';
import { until } from '../support/until.ts';

/** The programs that the start script runs, in their order, and how often before the sandbox is whole. */
const STEPS = ['unshare', 'unshare', 'hostname', 'ip', 'mount', 'cat', 'pivot_root', 'umount', 'setpriv'] as const;

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
for name in unshare hostname ip mount cat pivot_root umount setpriv; do
  real=$(PATH=/usr/bin:/usr/sbin:/bin:/sbin command -v $name); sed "s|REAL|$real|" "$GATED" >$name; chmod 755 $name
done
cd "$WORKSPACE"; exec "$@"`;

describe.skipIf(!isRoot).each(CALLERS)('when the launcher of %s is killed (needs root)', (name) => {
  let caller: Caller;
  let folder: string;
  beforeEach(() => {
    caller = makeCaller(name);
    folder = mkdtempSync(join(tmpdir(), 'unshared-gates-'));
  });
  afterEach(() => {
    caller.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(STEPS.map((program, step) => [step + 1, program] as const))(
    'before step %i (%s), nothing is left after the next start',
    async (step) => {
      const before = leftovers(caller);
      await killBeforeStep(caller, folder, step, () =>
        until('every process of it to end', () => leftovers(caller).processes === before.processes, 10),
      );
      const next = await caller.unshared(['run', '--', 'true']);
      expect(next.exitCode, next.stderr).toBe(0);
      expect(leftovers(caller)).toEqual(before);
    },
  );
});

async function killBeforeStep(
  caller: Caller,
  folder: string,
  step: number,
  ended: () => Promise<unknown>,
): Promise<void> {
  const gated = join(folder, 'gated');
  await execa('sh', ['-c', 'cat >"$1"', 'sh', gated], { input: GATED });
  const command = caller.asCaller([process.execPath, CLI, 'run', '--', 'true']);
  const launcher = execa(
    'unshare',
    ['--mount', '--propagation', 'private', '--', 'sh', '-c', PREPARE, 'sh', ...command],
    {
      env: { ...caller.env, GATED: gated, WORKSPACE: caller.workspace },
      extendEnv: false,
      reject: false,
      buffer: true,
    },
  );
  const seen = `/proc/${launcher.pid ?? 0}/root/usr/local/sbin`;
  await until('the gates', () => existsSync(`${seen}/setpriv`) && existsSync(`${seen}/go`));
  // Opened for both, so that neither side waits for the other to open, and so that they stay once the launcher is gone.
  const said = await open(`${seen}/said`, 'r+');
  const go = await open(`${seen}/go`, 'r+');
  try {
    // Two programs in the background may stand at their gates at once.
    for (let waiting = 0; waiting < step;) {
      const { buffer, bytesRead } = await said.read(Buffer.alloc(256), 0, 256);
      const arrived = buffer.toString('utf8', 0, bytesRead).split('\n').length - 1;
      waiting += arrived;
      if (waiting < step) await go.write('go\n'.repeat(arrived));
    }
    launcher.kill('SIGKILL');
    await launcher;
    await go.write('go\n'.repeat(30));
    await ended();
  } finally {
    await said.close();
    await go.close();
  }
}

/** What a sandbox may leave: processes, mounts of this namespace, folders, cgroups, layers, temporary files. */
function leftovers(caller: Caller) {
  const layers =
    caller.uid === 0
      ? '/var/lib/namespace-sandboxes/state/layers'
      : join(caller.home, '.local/state/namespace-sandboxes/layers');
  return {
    processes: commandLines().filter((line) => line.includes(`${caller.runtime}/`) && line.includes('start.sh')).length,
    marked: commandLines().filter((line) => line.includes('namespace-sandboxes:')).length,
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
