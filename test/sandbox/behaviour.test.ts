import { execa } from 'execa';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { shellWord, shellWords } from '../../src/sandbox/script/quote.ts';
import { surroundings, unsharedIn } from '../support/surroundings.ts';
import { CALLERS, CLI, isRoot, outside, running, sandboxFolders, writeProfiles } from '../support/unshared.ts';
import { until } from '../support/until.ts';
import { tryout } from './confinement/inside.ts';

/** What whoever knows other sandboxes expects of this one: a promise each, as the kernel keeps it. */
describe.each(CALLERS)('a sandbox of %s', (name) => {
  const tried = tryout(name);
  beforeEach(() => outside(tried.caller, 'rm -rf tree leads witness'));
  afterEach(() => expect(sandboxFolders(tried.caller)).toEqual([]));

  async function inside(settings: object, line: string): Promise<string> {
    const { stdout, stderr, exitCode } = await tried.run(settings, line);
    expect(exitCode, `${line}\n${stderr}`).toBe(0);
    return stdout;
  }

  describe('has of the file system', () => {
    it.skipIf(!isRoot)('nothing writable below what is bound read-only (needs root)', async () => {
      const { caller } = tried;
      await outside(caller, 'mkdir -p tree/bélow€/deep && chmod -R 777 tree');
      const mounts = [{ bind: './tree', to: '/data', readOnly: true }];
      await writeProfiles(caller, { bound: { workspace: 'none', mounts }, workspace: { workspace: 'ro' } });
      const tree = join(caller.workspace, 'tree');
      const setup = [`${tree}/bélow€`, `${tree}/bélow€/deep`].map(
        (path) => `mkdir -p ${path}; mount -t tmpfs -o mode=1777 tmpfs ${path}`,
      );
      const around = await surroundings(setup.join('\n'));
      try {
        for (const [profile, path] of [
          ['bound', '/data'],
          ['workspace', tree],
        ] as const) {
          const line = `for at in ${path} ${path}/bélow€ ${path}/bélow€/deep; do (: >$at/x) 2>/dev/null || echo closed; done`;
          const { stdout, stderr } = await unsharedIn(caller, around.inside, [
            ...['run', '--workspace', caller.workspace, '--profile', profile, '--', 'sh', '-c', line],
          ]);
          expect(stdout, stderr).toBe('closed\nclosed\nclosed');
        }
      } finally {
        await around.end();
      }
    });

    it('a tmpfs that hides what was there, and what is mounted in it later', async () => {
      await outside(tried.caller, 'mkdir -p tree/below && echo shown >tree/file');
      const mounts = [
        { bind: './tree', to: '/data', readOnly: true },
        { tmpfs: '/data/below', size: '64K' },
        { bind: './tree/file', to: '/data/below/file', readOnly: true },
      ];
      const line = 'ls /data /data/below; cat /data/below/file; echo new >/data/below/new && stat -fc %T /data/below';
      expect(await inside({ mounts }, line)).toBe('/data:\nbelow\nfile\n\n/data/below:\nfile\nshown\ntmpfs');
    });

    it.skipIf(name === 'root')('a file alone, which is that of the host (as a user)', async () => {
      await outside(tried.caller, 'mkdir -p tree && echo before >tree/one && echo private >tree/other');
      const mounts = [{ bind: './tree/one', to: '/data/one' }];
      const line = 'ls -A /data; cat /data/one; echo after >/data/one; rm /data/one 2>/dev/null || echo stays';
      expect(await inside({ mounts }, line)).toBe('one\nbefore\nstays');
      expect(await outside(tried.caller, 'cat tree/one')).toBe('after');
    });

    it.skipIf(name === 'root')(
      'an overlay in which files can be moved and removed, and outside they are as before (as a user)',
      async () => {
        await outside(tried.caller, 'mkdir -p tree/sub && echo before >tree/a && echo b >tree/b && echo c >tree/sub/c');
        await outside(tried.caller, 'chmod -R a+rwX tree');
        const mounts = [{ overlay: './tree', to: '/data' }];
        const line = 'cd /data; rm b; mkdir d; mv a d/a; cat d/a; ls';
        expect(await inside({ mounts }, line)).toBe('before\nd\nsub');
        expect(await outside(tried.caller, 'cd tree; ls; cat a b')).toBe('a\nb\nsub\nbefore\nb');
      },
    );

    it('the devices that every program expects, and no other', async () => {
      const nodes = 'for node in /dev/*; do [ ! -c $node ] || echo "${node#/dev/}"; done';
      expect((await inside({}, nodes)).split('\n')).toEqual([
        'full',
        'null',
        'ptmx',
        'random',
        'tty',
        'urandom',
        'zero',
      ]);
      const works =
        'head -c 3 /dev/zero | wc -c; head -c 3 /dev/urandom | wc -c; (echo x >/dev/full) 2>/dev/null || echo full; echo x >/dev/null; wc -c </dev/null';
      expect(await inside({}, works)).toBe('3\n3\nfull\n0');
      expect(await inside({}, 'cd /dev; readlink fd stdin stdout stderr')).toBe(
        '/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2',
      );
    });

    it('places for temporary files that everybody inside may use', async () => {
      const line =
        'for at in /dev/shm /tmp /var/tmp; do stat -c %a $at; stat -fc %T $at; echo x >$at/x && cat $at/x; done';
      expect(await inside({ user: 1234 }, line)).toBe(Array(3).fill('1777\ntmpfs\nx').join('\n'));
    });

    it('nothing under what is masked of /proc and /sys, in the second terminal neither', async () => {
      const folders = '/proc/acpi /proc/asound /proc/scsi /sys/firmware /sys/devices/virtual/powercap';
      const files =
        '/proc/interrupts /proc/kcore /proc/keys /proc/latency_stats /proc/sched_debug /proc/timer_list /proc/timer_stats';
      const closed = '/proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger';
      const line = [
        `for at in ${folders}; do [ ! -e $at ] || ls -A $at; done`,
        `for at in ${files}; do [ ! -e $at ] || head -c 1 $at; done`,
        `for at in ${closed}; do case $(grep " $at " /proc/self/mountinfo) in *" ro,"*) ;; *) [ ! -e $at ] || echo "$at is open" ;; esac; done`,
        `for at in ${folders} ${files} ${closed}; do umount $at 2>/dev/null && echo "$at uncovered"; done; true`,
      ].join('\n');
      expect(await tried.inBoth({}, line)).toEqual({ first: '', second: '' });
    });

    it.each(['/bin/tool', '/proc/self/cwd/x', '/dev/fd/x'])('no mount at the far end of a link: %s', async (to) => {
      await outside(tried.caller, 'mkdir -p tree');
      const { exitCode, stdout, stderr } = await tried.run({ mounts: [{ bind: './tree', to }] }, 'echo started');
      expect([exitCode, stdout], stderr).toEqual([125, '']);
    });

    it.skipIf(process.getuid?.() !== 0)('a mount where a link of root leads to (needs root)', async () => {
      const tree = mkdtempSync(join(tmpdir(), 'tree-'));
      onTestFinished(() => rmSync(tree, { recursive: true }));
      chmodSync(tree, 0o755);
      mkdirSync(join(tree, 'tree'));
      writeFileSync(join(tree, 'tree/file'), 'linked\n');
      symlinkSync('tree', join(tree, 'leads'));
      const mounts = [{ bind: join(tree, 'leads'), to: '/data', readOnly: true }];
      expect(await inside({ mounts }, 'cat /data/file; [ ! -L /data ] && echo folder')).toBe('linked\nfolder');
    });
  });

  describe('has of its caller', () => {
    it.each([7, 42])('no descriptor that was open: %i', async (fd) => {
      const { caller } = tried;
      await writeProfiles(caller, { tried: { lifetime: 'untilStopped' } });
      const show =
        'for fd in /proc/1/fd/* /proc/self/fd/*; do readlink $fd; done | grep -c /witness; ls /proc/self/fd | wc -l';
      const command = [process.execPath, CLI, 'run', '--profile', 'tried', '--', 'sh', '-c', show];
      const line = `touch witness; exec ${shellWords(['bash', '-c', `exec ${fd}<>witness; exec "$@"`, 'bash', ...command])}`;
      expect(await outside(caller, line)).toBe('0\n4');
      await caller.unshared(['stop', '--all']);
    });

    it('neither its session nor its terminal', async () => {
      const { caller } = tried;
      const [file = '', ...args] = caller.asCaller([
        process.execPath,
        CLI,
        'run',
        '--',
        'sh',
        '-c',
        'echo in; read -r _',
      ]);
      const options = { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false } as const;
      const launcher = execa(file, args, { ...options, stdin: 'pipe' });
      await once(launcher.stdout, 'data');
      const [{ pid } = expect.fail('it does not run')] = await running(caller);
      const sessions = processesIn(pid).map(sessionOf);
      expect(sessions.length).toBeGreaterThan(1);
      expect(sessions).not.toContain(sessionOf(process.pid));
      launcher.stdin.end('\n');
      expect((await launcher).exitCode).toBe(0);
    });

    it('only the variables that it names', async () => {
      const settings = { env: { GIVEN: 'here' }, envPass: ['TERM', 'NOT_THERE'] };
      const names = (await inside(settings, 'env')).split('\n').map((line) => line.replace(/=.*/, ''));
      const usual = [
        'COLORTERM',
        'GIVEN',
        'HOME',
        'LANG',
        'LOGNAME',
        'OLDPWD',
        'PATH',
        'PWD',
        'SHELL',
        'SHLVL',
        'TERM',
        'USER',
        '_',
      ];
      expect(names.filter((name) => !usual.includes(name))).toEqual([]);
      expect(names).toContain('GIVEN');
    });
  });

  it('ends with a launcher that is killed, and takes every process with it', async () => {
    const { caller } = tried;
    const words = [
      process.execPath,
      CLI,
      'run',
      '--',
      'sh',
      '-c',
      'setsid sleep 600 & trap "" TERM HUP; echo in; sleep 600',
    ];
    const [file = '', ...args] = caller.asCaller(words);
    const options = { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false } as const;
    const launcher = execa(file, args, options);
    await once(launcher.stdout, 'data');
    const [{ pid } = expect.fail('it does not run')] = await running(caller);
    const all = processesIn(pid);
    expect(all.length).toBeGreaterThan(2);
    launcher.kill('SIGKILL');
    await until('the end of all', () => all.every((one) => !existsSync(`/proc/${one}/ns/pid`) || isZombie(one)));
    await caller.unshared(['run', '--', 'true']); // removes what a launcher could not any more
  });

  describe('ends with', () => {
    it.each([
      ['kill -KILL $$', 137],
      ['kill -SEGV $$', 139],
      ['kill -HUP $$', 129],
      ['exec /nowhere', 127],
      ['exec /etc/passwd', 126],
      ['(exit 3); exit $?', 3],
      ['sleep 600 & exit 4', 4],
    ])('the status of its command: %s gives %i', async (line, status) => {
      expect((await tried.run({}, line)).exitCode).toBe(status);
    });

    it.each([
      [['/nowhere/program'], 127],
      [['/etc/passwd'], 126],
    ])('that of a shell where there is no such program: %j gives %i', async (command, status) => {
      expect((await tried.caller.unshared(['run', '--', ...command])).exitCode).toBe(status);
    });
  });

  it('gives who is not root no capability, and no program a way to one', async () => {
    const show = "grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status | grep -vc 0000000000000000";
    const raise = 'setpriv --inh-caps +sys_admin --ambient-caps +sys_admin sh -c';
    const settings = { user: 1234, capabilities: { add: ['sys_admin'] } };
    const { first, second } = await tried.inBoth(settings, `${show}; ${raise} ${shellWord(show)} 2>/dev/null; true`);
    expect(first).toMatch(/^0(\n0)?$/);
    expect(second).toBe(first);
  });

  it('lets nobody make user namespaces in it who may not mount', async () => {
    const line =
      'for way in "unshare --user" "unshare --user --map-root-user --mount" "unshare --net"; do $way true 2>/dev/null || echo refused; done';
    expect(await tried.inBoth({}, line)).toEqual({
      first: 'refused\nrefused\nrefused',
      second: 'refused\nrefused\nrefused',
    });
    expect(await inside({ extends: 'learn' }, 'unshare --user --map-root-user id -u')).toBe('0');
  });
});

/** All processes in the pid namespace of this one. */
function processesIn(pid: number): readonly number[] {
  const namespace = linkOf(pid);
  return readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0 && linkOf(other) === namespace);
}

function linkOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** Fields 3 and 6 of proc_pid_stat(5), counted after the name in brackets. */
const fields = (pid: number): readonly string[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
const sessionOf = (pid: number): string | undefined => fields(pid)[3];
const isZombie = (pid: number): boolean => fields(pid)[0] === 'Z';
