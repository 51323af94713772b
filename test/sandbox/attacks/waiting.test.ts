import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTimeOf } from '../../../src/discovery/pin.ts';
import { compile, hasCompiler } from '../../support/compile.ts';
import { own, ownFolders, ownSandbox } from '../../support/own-sandboxes.ts';
import { patience } from '../../support/pace.ts';
import { startedProcesses, type Started } from '../../support/processes.ts';
import { begun, CALLERS, makeCaller, writeProfiles, type Caller, type Finished } from '../../support/unshared.ts';
import { until } from '../../support/until.ts';

/** Seconds that anything may take that waits for a sandbox. */
const BOUND = 10;

/** What stops is waited for by who has started it, and who waits may stop as well: then nobody would ever see the end. */
const STOP_OTHERS = 'kill -STOP -1; echo ready; exec sleep 600';
const ROWS: Readonly<Record<string, string>> = {
  'stops who started it': '[ "$PPID" -le 1 ] || kill -STOP $PPID; echo ready; exec sleep 600',
  'stops every other process': STOP_OTHERS,
  'stops itself': 'echo ready; kill -STOP $$',
  'stops whoever enters': each('STOP'),
  'kills whoever enters': each('KILL'),
};

function each(signal: string): string {
  const all = `for pid in /proc/[0-9]*; do pid=\${pid#/proc/}; case $pid in 1 | $$) ;; *) kill -${signal} $pid ;; esac; done`;
  return `echo ready; while :; do ${all}; done 2>/dev/null`;
}

describe.each(CALLERS)('a sandbox of %s that', (name) => {
  let caller: Caller;
  let started: Started;
  beforeEach(async () => {
    caller = makeCaller(name);
    started = startedProcesses();
    await writeProfiles(caller, {
      [own('ends')]: { extends: 'throwaway' },
      [own('stays')]: { extends: 'throwaway', lifetime: 'untilStopped' },
    });
  });
  afterEach(() => {
    started.kill();
    caller.remove();
  });

  const bounded = (args: readonly string[]): Promise<Finished> =>
    caller.unshared(args, { timeout: patience(BOUND * 1000) });

  /** Begins a program. It is no promise of its own, which would be that of its end. */
  function begin(args: readonly string[]): ReturnType<typeof begun> {
    const child = begun(caller, args);
    started.note(child.pid);
    return child;
  }

  /** Waits for its first word, which says that it is where it should be. */
  async function ready(child: ReturnType<typeof begun>): Promise<void> {
    const ended = child.then(({ stderr }) => expect.fail(`it has ended: ${stderr}`));
    await Promise.race([once(child.stdout, 'data'), ended]);
    started.note(child.pid);
  }

  const ways = name === 'root' ? ['stop ID'] : ['stop ID', 'stop --all'];
  it.each(ways.flatMap((way) => Object.keys(ROWS).map((row) => [row, way] as const)))(
    '%s is stopped all the same, and is in nobody’s way: %s',
    async (row, way) => {
      await caller.unshared(['run', '--profile', own('stays'), '--', 'true']);
      const { id, pid, startTime } = await ownSandbox(caller, 'stays');
      const inside = (line: string): readonly string[] => ['enter', id, '--', 'sh', '-c', line];
      const children = [begin(inside('echo ready; exec sleep 600'))];
      for (const child of children) await ready(child);
      const hostile = begin(inside(ROWS[row] ?? ''));
      await ready(hostile);
      children.push(hostile, begin(inside('exec sleep 600')));
      const stopped = await bounded(way === 'stop ID' ? ['stop', id] : ['stop', '--all']);
      for (const child of children) started.note(child.pid);
      expect([stopped.exitCode, startTimeOf(pid) === startTime], stopped.stderr).toEqual([0, false]);
      await until('who has entered to end', () => children.every(({ pid: one }) => hasEnded(one)), BOUND);
      const next = await bounded(['run', '--profile', own('ends'), '--', 'true']);
      expect(next.exitCode, next.stderr).toBe(0);
      expect(ownFolders(caller)).toEqual([]);
    },
  );

  it('stops every other process does not keep its own launcher from its end, or the next', async () => {
    const launcher = begin(['run', '--profile', own('ends'), '--', 'sh', '-c', STOP_OTHERS]);
    await ready(launcher);
    const { pid, startTime } = await ownSandbox(caller, 'ends');
    launcher.kill('SIGKILL');
    const next = await bounded(['run', '--profile', own('ends'), '--', 'true']);
    expect(next.exitCode, next.stderr).toBe(0);
    expect(startTimeOf(pid) === startTime).toBe(false);
    expect(ownFolders(caller)).toEqual([]);
  });

  it('stops every other process ends with its launcher where a signal ends that', async () => {
    const launcher = begin(['run', '--profile', own('ends'), '--', 'sh', '-c', STOP_OTHERS]);
    await ready(launcher);
    process.kill(launcher.pid ?? 0, 'SIGTERM'); // execa would kill it in the end
    await until('its end', () => hasEnded(launcher.pid), BOUND);
    await until('its exit status', () => launcher.exitCode !== null);
    expect(launcher.exitCode).toBe(143);
    expect(ownFolders(caller)).toEqual([]);
  });

  it.skipIf(!hasCompiler).each(['throwaway', 'learn'])(
    'stops its PID 1 ends with a launcher that is killed, before anybody starts another: profile %s (needs gcc)',
    async (profile) => {
      await compile('sandbox/attacks/hold-first.c', join(caller.workspace, 'hold-first'));
      const mounts = [{ bind: 'hold-first', to: '/hold-first' }];
      await writeProfiles(caller, { [own('holds')]: { extends: profile, mounts } });
      const launcher = begin(['run', '--profile', own('holds'), '--', '/hold-first']);
      await ready(launcher);
      const { pid, startTime } = await ownSandbox(caller, 'holds');
      launcher.kill('SIGKILL');
      await until('its end', () => startTimeOf(pid) !== startTime || !existsSync(`/proc/${pid}/ns/pid`), BOUND);
    },
  );
});

/** One that nobody has waited for yet has ended too. */
function hasEnded(pid: number | undefined): boolean {
  return pid === undefined || !existsSync(`/proc/${pid}/ns/pid`);
}
