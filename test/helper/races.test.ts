import { execaSync } from 'execa';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { patience } from '../support/pace.ts';
import { isRoot, USER } from '../support/unshared.ts';
import { until } from '../support/until.ts';
import { FOR_USER, result, STRANGER } from './holders.ts';
import { HELPER, startRaw, type RawHelper } from './raw-helper.ts';

const id = 'test-races';
const hasStrace = !execaSync('strace', ['-V'], { reject: false }).failed;
const WITH_PATH = { ...FOR_USER, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } as const;
const asUser = (uid: number) => ['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups'];

describe.skipIf(!isRoot || !hasStrace)('a helper that is held up by strace (needs root and strace)', () => {
  let folders: readonly string[];
  let helper: RawHelper;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    const first = startRaw(FOR_USER);
    const made = await result<{ folders: Record<string, string> }>(first, 'limits/make', {
      id,
      limits: { 'pids.max': 20 },
    });
    folders = Object.values(made.folders);
    await first.end();
  });
  afterEach(async () => {
    await helper.end();
    for (const child of children.splice(0)) await killed(child);
    const last = startRaw(FOR_USER);
    await until(
      'the cgroups to be gone',
      async () => (await result<{ removed: boolean }>(last, 'limits/remove', { id })).removed,
    );
    await last.end();
  });

  it('puts back who got the number of a process that ended while it was placed, whom no other helper kills meanwhile', async () => {
    const procs = folders.map((folder) => join(folder, 'cgroup.procs'));
    const members = (): readonly string[] => procs.flatMap((file) => readFileSync(file, 'utf8').split('\n'));
    const other = startRaw(FOR_USER);
    await result(other, 'netns/list', {});
    helper = startRaw(WITH_PATH, slowed(procs));
    const target = spawn('setpriv', [...asUser(USER), 'sleep', '1000']);
    children.push(target);
    const pid = target.pid ?? 0;
    await until('the user', () => readFileSync(`/proc/${pid}/status`, 'latin1').includes(`Uid:\t${USER}\t`));
    const refused = result(helper, 'limits/place', { id, pid }).then(
      () => 'placed',
      (error: unknown) => String(error),
    );
    await until('the helper to hold it', () => isHeldBySomebody(pid));
    await killed(target);
    const stranger = await withNumber(pid);
    children.push(stranger);
    await until('the stranger to be placed', () => members().includes(String(pid)));
    await result(other, 'limits/kill', { id });
    await other.end();
    expect(await refused).toMatch(/ESRCH|no such process/i);
    expect(members()).not.toContain(String(pid));
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toBe(readFileSync('/proc/self/cgroup', 'utf8'));
    expect(readFileSync(`/proc/${pid}/status`, 'latin1')).toContain(`Uid:\t${STRANGER}\t`);
  });
});

describe.skipIf(!isRoot)('a helper whose program does not come to an end (needs root)', () => {
  it(
    'gives up a user namespace that is stopped while it is made, and ends with its input',
    { timeout: patience(60_000) },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'helper-stuck-'));
      const stuck = join(folder, 'cat');
      writeFileSync(stuck, '#!/bin/sh\nkill -STOP $$\n', { mode: 0o755 });
      const wrap = [
        'unshare',
        '--mount',
        '--propagation',
        'private',
        '--',
        'sh',
        '-c',
        `mount --bind ${stuck} /usr/bin/cat; exec "$@"`,
        'sh',
      ];
      const helper = startRaw(WITH_PATH, wrap);
      try {
        const answer = result(helper, 'namespaces/start', {}).catch(String);
        expect(await answer).toMatch(/nothing came of it in 10 s/);
      } finally {
        await helper.end();
        rmSync(folder, { recursive: true });
      }
      expect(helper.seen.acts).toBe(0);
    },
  );
});

/** Words that run a program which opens these files seconds later than it wants, and goes on seconds after it has written to them. */
function slowed(files: readonly string[]): readonly string[] {
  const paths = files.flatMap((file) => ['-P', file]);
  const delays = ['-e', 'inject=openat:delay_enter=4000000', '-e', 'inject=write:delay_exit=2000000'];
  return ['strace', '-f', '-qq', '-o', '/dev/null', ...paths, '-e', 'trace=openat,write', ...delays, '--'];
}

/** Whether a helper has opened the folder of a process in /proc. */
function isHeldBySomebody(pid: number): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => commandLine(name).includes(HELPER))
    .some((name) => descriptorsOf(name).some((fd) => linkOf(`/proc/${name}/fd/${fd}`) === `/proc/${pid}`));
}

/** None of a process that has ended since. */
function descriptorsOf(pid: string): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** A process of a stranger with a number that is free: the next is the one after that of /proc/sys/kernel/ns_last_pid. */
function withNumber(pid: number): Promise<ChildProcess> {
  return until('the number to come round', async () => {
    writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
    const child = spawn('setpriv', [...asUser(STRANGER), 'sleep', '1000']);
    if (child.pid === pid) return child;
    await killed(child);
    return undefined;
  });
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
