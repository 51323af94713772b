import { execa } from 'execa';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { CALLERS, CLI, makeCaller, outside, running, sandboxFolders, type Caller } from '../../support/unshared.ts';
import { until } from '../../support/until.ts';

/** ptrace(2) in this machine's table of system calls; 16 attaches, and what is attached stops. */
const PTRACE = process.arch === 'arm64' ? 117 : 101;
const HOLD = `perl -e 'syscall(${PTRACE}, 16, 1, 0, 0) == 0 or die $!; $| = 1; print "held\\n"; sleep 600' &`;

/** Whoever has every capability may hold up PID 1; others may not even trace it. */
const HOLDING = ['run', '--profile', 'learn', '--', 'sh', '-c'];

describe.skipIf(findProgram('perl') === undefined).each(CALLERS)(
  'PID 1 of %s that is held up from inside (needs perl)',
  (name) => {
    let caller: Caller;
    beforeEach(() => {
      caller = makeCaller(name);
    });
    afterEach(() => caller.remove());

    it('ends with its launcher all the same', async () => {
      const { stdout, stderr } = await caller.unshared([...HOLDING, `${HOLD} sleep 0.2`]);
      expect(stdout, stderr).toBe('held');
      expect(sandboxFolders(caller)).toEqual([]);
    });

    it('ends by itself, if its launcher was killed', async () => {
      const [file = '', ...args] = caller.asCaller([process.execPath, CLI, ...HOLDING, `${HOLD} sleep 600`]);
      const launcher = execa(file, args, { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false });
      await once(launcher.stdout, 'data');
      const [{ pid } = expect.fail('it does not run')] = await running(caller);
      launcher.kill('SIGKILL');
      await once(launcher, 'exit'); // its output stays open
      await until('its end', () => !existsSync(`/proc/${pid}/ns`));
      await caller.unshared(['run', '--', 'true']);
      expect(sandboxFolders(caller)).toEqual([]);
    });

    it('cannot be held up by who lacks the capability to trace', async () => {
      const { stdout, stderr } = await caller.unshared(['run', '--', 'sh', '-c', `${HOLD} wait; echo free`]);
      expect(stdout, stderr).toBe('free');
      expect(stderr).toContain('Operation not permitted');
    });

    it('is not ended by a signal from inside', async () => {
      const line = 'for signal in KILL TERM STOP HUP; do kill -s $signal 1; done; kill -9 -1; echo alive';
      const { stdout, stderr } = await caller.unshared(['run', '--', 'sh', '-c', line]);
      expect(stdout, stderr).toBe('alive');
    });
  },
);

describe.skipIf(findProgram('busybox') === undefined).each(CALLERS)(
  'what a sandbox of %s leaves (needs busybox-static)',
  (name) => {
    let caller: Caller;
    beforeEach(() => {
      caller = makeCaller(name);
      busyboxTree(join(caller.workspace, 'made'), ['sh', 'mkdir', 'chmod', 'ln', 'mv']);
    });
    afterEach(() => caller.remove());

    const layersOf = ({ uid, home }: Caller): string =>
      uid === 0 ? '/var/lib/namespace-sandboxes/state/layers' : join(home, '.local/state/namespace-sandboxes/layers');

    it('goes away, however deep it is', async () => {
      // Each round puts all of it one level deeper, so that no path on the way is too long for a program inside.
      const name64 = 'x'.repeat(200);
      const line = `cd /tmp/..; mkdir a; i=0; while [ $i -lt 60 ]; do mkdir b; mv a b/${name64}; mv b a; i=$((i + 1)); done; chmod 0 a; ln -s / link`;
      await outside(caller, 'cp -r made tree; chmod 777 tree');
      const run = ['run', '--rootfs', 'tree', '--', 'sh', '-c', `${line}; echo ran`];
      const before = await layers();
      const { stdout, stderr, exitCode } = await caller.unshared(run);
      expect([exitCode, stdout], stderr).toEqual([0, 'ran']);
      expect(sandboxFolders(caller)).toEqual([]);
      expect(await layers()).toEqual(before);
    });

    async function layers(): Promise<string> {
      return outside(caller, `ls ${layersOf(caller)} 2>/dev/null || true`);
    }
  },
);

describe('a FIFO that PID 1 waits at', () => {
  it('does not end or hold it, whatever is written there', async () => {
    const caller = makeCaller('user');
    try {
      await outside(
        caller,
        'mkdir .vscode; cat >.vscode/sandboxes.json',
        JSON.stringify({ profiles: { stays: { extends: 'learn', lifetime: 'untilStopped' } } }),
      );
      const line = 'for fd in 0 1 2; do (echo go; echo go) >/proc/1/fd/$fd; done 2>/dev/null; kill -s CHLD 1; echo $?';
      const { stdout } = await caller.unshared(['run', '--profile', 'stays', '--', 'sh', '-c', line]);
      expect(stdout).toBe('0');
      const [{ id, pid } = expect.fail('it does not run')] = await running(caller);
      const { stdout: after } = await caller.unshared(['enter', id, '--', 'sh', '-c', '(true &); echo alive']);
      expect(after).toBe('alive');
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain(id);
      await caller.unshared(['stop', id]);
      await until('its end', () => !existsSync(`/proc/${pid}/ns`));
    } finally {
      caller.remove();
    }
  });
});
