import { execa } from 'execa';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACE_TYPES } from '../../src/model/namespace.ts';
import type { Sandbox } from '../../src/model/sandbox.ts';
import { CALLERS, makeCaller, running, sandboxFolders, writeProfiles, type Caller } from '../support/unshared.ts';
import { until } from '../support/until.ts';

describe.each(CALLERS)('a sandbox of %s', (name) => {
  let caller: Caller;
  beforeAll(() => {
    caller = makeCaller(name);
  });
  afterAll(() => caller.remove());

  async function inside(line: string, profile = 'throwaway'): Promise<string> {
    const { stdout, stderr, exitCode } = await caller.unshared(['run', '--profile', profile, '--', 'sh', '-c', line]);
    expect(stderr, line).not.toContain('refused');
    expect(exitCode, `${line}\n${stderr}`).toBe(0);
    return stdout;
  }

  it('is in eight namespaces of its own', async () => {
    const links = await inside('readlink /proc/self/ns/*');
    const own = NAMESPACE_TYPES.map((type) => readlinkSync(`/proc/self/ns/${type}`));
    expect(links.split('\n').filter((link) => own.includes(link))).toEqual([]);
    const types = new Set(links.split('\n').map((link) => link.split(':')[0]));
    expect(NAMESPACE_TYPES.filter((type) => !types.has(type))).toEqual([]);
  });

  it('has a hostname, process ids and message queues of its own, and only a loopback device', async () => {
    expect(await inside('hostname')).toBe('throwaway');
    expect((await inside('echo /proc/[0-9]*')).split(' ').length).toBeLessThan(5);
    expect(await inside('cat /proc/sysvipc/shm | wc -l')).toBe('1');
    expect(await inside('ip -o link | cut -d: -f2')).toBe(' lo');
    expect(await inside('ip -o link show dev lo')).toContain('<LOOPBACK,UP,LOWER_UP>');
  });

  it('is root inside, and somebody without rights outside', async () => {
    expect(await inside('whoami; id -u; id -G')).toBe('root\n0\n0');
    const [, outside] = /^\s*0\s+(\d+)/.exec(await inside('cat /proc/self/uid_map')) ?? [];
    expect(Number(outside)).not.toBe(0);
  });

  it('sees its cgroup as the root of the tree', async () => {
    const paths = (await inside('cat /proc/self/cgroup')).split('\n').map((line) => line.split(':')[2]);
    expect(paths.every((path) => path === '/' || path?.startsWith('/..'))).toBe(true);
  });

  it('has a pivoted root in which only the system is, read-only', async () => {
    expect(await inside('ls -d /home /root/.ssh /mnt /srv 2>/dev/null; ls -A /root; true')).toBe('');
    expect(await inside('touch /usr/x /etc/x /x 2>&1 | grep -c "Read-only"')).toBe('3');
    expect(await inside('cut -d" " -f4,5 /proc/self/mountinfo | grep -c " /$"')).toBe('1');
  });

  it('passes nothing of the environment on', async () => {
    const names = (await inside('env')).split('\n').map((line) => line.split('=')[0]);
    expect(names).not.toContain('SECRET_TOKEN');
    expect(names).not.toContain('XDG_RUNTIME_DIR');
    expect(await inside('ls /proc/self/fd | wc -l')).toBe('4');
  });

  it('is confined: no new privileges, the OCI list of capabilities', async () => {
    const status = await inside('cat /proc/self/status');
    expect(status).toMatch(/NoNewPrivs:\t1/);
    expect(status).toMatch(/CapBnd:\t00000000800425fb/);
    expect(await inside('umount /proc/sys 2>&1 | grep -c "must be superuser\\|permitted\\|denied"')).toBe('1');
    expect(await inside('mount -t tmpfs t /tmp 2>/dev/null || echo refused to mount')).toContain('refused to mount');
  });

  it('with `learn`, each command of the article works', async () => {
    expect(await inside('hostname demo-uts && hostname', 'learn')).toBe('demo-uts');
    expect(
      await inside('mkdir /tmp/a /tmp/b && touch /tmp/a/f && mount --bind /tmp/a /tmp/b && ls /tmp/b', 'learn'),
    ).toBe('f');
    expect(await inside('ip addr add 10.0.0.1/24 dev lo && ip -o -4 addr show', 'learn')).toContain('10.0.0.1/24');
    expect(await inside('ipcs | grep -c 0x; true', 'learn')).toBe('0');
    expect(await inside('ps -o pid= -p 1; ls /proc | grep -c "^[0-9]"', 'learn')).toMatch(/^\s+1\n\d$/);
  });

  it('returns the exit status of the command, and leaves nothing', async () => {
    for (const status of [0, 7, 255]) {
      const { exitCode } = await caller.unshared(['run', '--', 'sh', '-c', `exit ${status}`]);
      expect(exitCode).toBe(status);
    }
    expect(sandboxFolders(caller)).toEqual([]);
  });

  it('takes input and keeps output apart from errors', async () => {
    const { stdout, stderr } = await caller.unshared(['run', '--', 'sh', '-c', 'cat; echo wrong >&2'], {
      input: 'words',
    });
    expect(stdout).toBe('words');
    expect(stderr).toContain('wrong');
  });

  it('passes every argument on as it is', async () => {
    const words = ['a b', "it's", '"', '$HOME', '`id`', '\\', '*', '', '-x', 'ä\n€'];
    const { stdout } = await caller.unshared(['run', '--', 'printf', '[%s]\\n', ...words]);
    expect(stdout).toBe(words.map((word) => `[${word}]`).join('\n'));
  });

  it('has clocks of its own, as far ahead as its profile says', async () => {
    await writeProfiles(caller, { later: { extends: 'learn', time: { boottime: 100_000_000 } } });
    const [seconds] = (await inside('cat /proc/uptime', 'later')).split('.');
    expect(Number(seconds)).toBeGreaterThan(100_000_000);
  });

  describe('that stays until it is stopped', () => {
    let sandbox: Sandbox;
    beforeAll(async () => {
      const profile = {
        extends: 'throwaway',
        workspace: 'none',
        lifetime: 'untilStopped',
        limits: { mode: 'best-effort', 'memory.max': 'max', 'pids.max': 'max' },
      };
      await writeProfiles(caller, { stays: profile });
      const { exitCode, stderr } = await caller.unshared(['run', '--profile', 'stays', '--', 'true']);
      expect(exitCode, stderr).toBe(0);
      sandbox = (await running(caller))[0] ?? expect.fail('it does not run');
    });

    it('is found by another process, which sees its root from outside', () => {
      expect(readFileSync(`/proc/${sandbox.pid}/cmdline`, 'utf8')).toContain(`namespace-sandboxes:${sandbox.id}`);
      expect(readlinkSync(`/proc/${sandbox.pid}/root`)).toBe('/');
    });

    it('lets another terminal in, with the same confinement', async () => {
      const { stdout } = await caller.unshared([
        'enter',
        sandbox.id,
        '--',
        'sh',
        '-c',
        'hostname; grep -E "NoNewPrivs|CapBnd" /proc/self/status; touch /tmp/kept',
      ]);
      expect(stdout).toContain('stays\n');
      expect(stdout).toMatch(/CapBnd:\t00000000800425fb/);
      expect(stdout).toMatch(/NoNewPrivs:\t1/);
      const second = await caller.unshared(['enter', sandbox.id.slice(0, -1), '--', 'ls', '/tmp']);
      expect(second.stdout).toBe('kept');
    });

    it('reaps its orphans', async () => {
      await caller.unshared(['enter', sandbox.id, '--', 'sh', '-c', '(sleep 0.05 &) ; true']);
      await until('no process but PID 1', async () => {
        const { stdout } = await caller.unshared(['enter', sandbox.id, '--', 'ps', '-eo', 'stat=,comm=']);
        return !stdout.includes('sleep') && !/^Z/m.test(stdout);
      });
    });

    it('refuses to be entered once it is gone, in words', async () => {
      const { exitCode, stderr } = await caller.unshared(['stop', sandbox.id]);
      expect(exitCode, stderr).toBe(0);
      expect(existsSync(`/proc/${sandbox.pid}`)).toBe(false);
      expect(sandboxFolders(caller)).toEqual([]);
      const late = await caller.unshared(['enter', sandbox.id, '--', 'true']);
      expect(late.exitCode).toBe(125);
      expect(late.stderr).toContain(`No sandbox "${sandbox.id}" is running`);
    });
  });

  it('can be made by hand with the script that is shown', async () => {
    const { stdout: script } = await caller.unshared(['script', '--profile', 'learn']);
    expect(script).toContain('pivot_root');
    const { exitCode, stderr } = await execa('sh', ['-n'], { input: script, reject: false });
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });
});
