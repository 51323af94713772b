import { execa } from 'execa';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTimeOf } from '../../src/discovery/pin.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { idsInside, identityOf } from '../../src/sandbox/identity.ts';
import { busyboxTree } from '../support/busybox.ts';
import { until } from '../support/until.ts';
import { ALL_CALLERS, makeCaller, running, sandboxFolders, writeProfiles, type Caller } from '../support/unshared.ts';

const PROFILES = {
  root: { extends: 'throwaway' },
  same: { extends: 'throwaway', user: 'same' },
  other: { extends: 'throwaway', user: { uid: 1234, gid: 1235 } },
  far: { extends: 'throwaway', user: 4_000_000_000 },
  group: { extends: 'throwaway', user: { uid: 0, gid: 7 } },
  one: { extends: 'throwaway', user: 1234, ids: 'single' },
  kept: { extends: 'throwaway', user: 1234, home: 'kept' },
  stays: { extends: 'throwaway', user: 1234, lifetime: 'untilStopped', workspace: 'none' },
  all: { extends: 'learn', user: 1234 },
  writes: { extends: 'throwaway', user: 'same', workspace: 'rw' },
};

describe.each(ALL_CALLERS)('who one is inside a sandbox of %s', (name) => {
  let caller: Caller;
  beforeAll(async () => {
    caller = makeCaller(name);
    await writeProfiles(caller, PROFILES);
  });
  afterAll(() => caller.remove());

  async function inside(profile: keyof typeof PROFILES, line: string): Promise<string> {
    const { stdout, stderr, exitCode } = await caller.unshared(['run', '--profile', profile, '--', 'sh', '-c', line]);
    expect(exitCode, `${line}\n${stderr}`).toBe(0);
    return stdout;
  }

  const WHO = 'echo $(id -u) $(id -g) $(id -G) $HOME $USER $LOGNAME; stat -c "%u %g %a" ~; touch ~/x && cat ~/x';

  it('is root with `root`', async () => {
    expect(await inside('root', WHO)).toMatch(/^0 0 0 \/root root root\n0 0 700$/);
  });

  it('is the caller with `same`, with an empty home at the path of the own one', async () => {
    const ids = `${caller.uid} ${caller.uid}`;
    const login = name === 'ranges' ? 'ranger' : (nameIn(readFileSync('/etc/passwd', 'utf8'), caller.uid) ?? 'sandbox');
    const home = `${caller.uid === 0 ? '/root' : caller.home} ${login} ${login}`;
    expect(await inside('same', WHO)).toBe(`${ids} ${caller.uid} ${home}\n${ids} 700`);
    expect(await inside('same', 'ls -A ~')).toBe('');
    if (name === 'ranges') expect(await inside('same', 'whoami')).toBe('ranger');
  });

  it('is any other uid and gid', async () => {
    expect(await inside('other', WHO)).toBe('1234 1235 1235 /home/sandbox sandbox sandbox\n1234 1235 700');
    expect(await inside('far', WHO)).toBe(
      '4000000000 4000000000 4000000000 /home/sandbox sandbox sandbox\n4000000000 4000000000 700',
    );
    expect(await inside('group', WHO)).toBe('0 7 7 /root root root\n0 7 700');
    expect(await inside('one', WHO)).toBe('1234 1234 1234 /home/sandbox sandbox sandbox\n1234 1234 700');
  });

  it('is nobody with rights where it is not root, in PID 1 and in each terminal', async () => {
    for (const profile of ['other', 'all', 'one'] as const) {
      const status = await inside(profile, 'cat /proc/self/status');
      for (const set of ['Inh', 'Prm', 'Eff', 'Amb']) expect(status).toMatch(new RegExp(`Cap${set}:\\t0{16}\\n`));
      expect(status).toMatch(/NoNewPrivs:\t1/);
    }
    expect(await inside('other', 'grep CapEff /proc/1/status')).toBe('CapEff:\t0000000000000000');
    expect(await inside('other', 'umount /proc/sys 2>/dev/null || hostname x 2>/dev/null || echo refused')).toBe(
      'refused',
    );
  });

  it('has no more rights in a second terminal than in the first', async () => {
    try {
      const rights = ['sh', '-c', 'grep -E "^(Cap|NoNewPrivs|Uid|Gid|Groups)" /proc/self/status'];
      const first = await caller.unshared(['run', '--profile', 'stays', '--', ...rights]);
      expect(first.stdout, first.stderr).toContain('CapPrm:\t0000000000000000');
      const [sandbox] = await running(caller);
      const { id = '', pid = 0, startTime } = sandbox ?? {};
      const second = await caller.unshared(['enter', id, '--', ...rights]);
      expect(second.stdout).toBe(first.stdout);
      if (name !== 'user') expect(second.stdout).toContain('CapBnd:\t00000000800425fb');
      process.kill(parentOf(pid), 'SIGKILL');
      await until('PID 1 to end with its parent', () => startTimeOf(pid) !== startTime);
      await inside('root', 'true'); // each start removes what was left
    } finally {
      for (const { id } of await running(caller)) await caller.unshared(['stop', id]);
    }
    expect(sandboxFolders(caller)).toEqual([]);
  });

  it('keeps a home that belongs to that user', async () => {
    expect(await inside('kept', 'echo note >~/note; stat -c "%u %g" ~ ~/note')).toBe('1234 1234\n1234 1234');
    expect(await inside('kept', 'cat ~/note')).toBe('note');
  });

  it.skipIf(name === 'root')('makes files in the workspace that belong to the caller outside', async () => {
    expect(await inside('writes', 'echo x >made; stat -c "%u %g" made')).toBe(`${caller.uid} ${caller.uid}`);
    expect(statSync(join(caller.workspace, 'made'))).toMatchObject({ uid: caller.uid, gid: caller.uid });
  });
});

describe.skipIf(findProgram('busybox') === undefined).each(ALL_CALLERS)(
  'the ids in a foreign root file system of %s (needs busybox-static)',
  (name) => {
    let caller: Caller;
    beforeAll(async () => {
      caller = makeCaller(name);
      const tree = busyboxTree(join(caller.workspace, 'tree'), [
        'sh',
        'id',
        'su',
        'chown',
        'stat',
        'touch',
        'cat',
        'ls',
      ]);
      mkdirSync(join(tree, 'etc'));
      writeFileSync(
        join(tree, 'etc/passwd'),
        'root:x:0:0::/root:/bin/sh\nann:x:1234:1234::/home/ann:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
      );
      writeFileSync(join(tree, 'etc/group'), 'root:x:0:\nann:x:1234:\nnogroup:x:65534:\n');
      await execa('tar', ['--owner=0', '--group=0', '-cf', 'mini.tar', '-C', 'tree', '.'], { cwd: caller.workspace });
      await writeProfiles(caller, {
        root: { extends: 'learn', rootfs: `\${workspaceFolder}/mini.tar` },
        ann: { extends: 'learn', rootfs: `\${workspaceFolder}/mini.tar`, user: 1234 },
        ranges: { extends: 'learn', rootfs: `\${workspaceFolder}/mini.tar`, ids: 'ranges' },
        one: { extends: 'learn', rootfs: `\${workspaceFolder}/mini.tar`, ids: 'single' },
      });
    });
    afterAll(() => caller.remove());

    const inside = (profile: string, line: string) =>
      caller.unshared(['run', '--profile', profile, '--', 'sh', '-c', line]);

    it('are those that its own passwd names', async () => {
      const { stdout, stderr } = await inside(
        'ann',
        'id -un; echo $HOME $USER; stat -c %u /etc/passwd; touch ~/x /etc/passwd; ls ~',
      );
      const owner = name === 'user' ? '1234' : '0';
      expect(stdout, stderr).toBe(`ann\n/home/ann ann\n${owner}\nx`);
      expect(stderr.includes('denied')).toBe(name !== 'user');
    });

    it('can be given files and taken on, where there are ranges', async () => {
      const line = 'touch /f && chown 33:65534 /f && stat -c "%u %g" /f; su -s /bin/sh nobody -c "id -u; id -G"';
      if (name === 'user') {
        const { exitCode, stderr } = await inside('ranges', 'true');
        expect(exitCode).toBe(125);
        expect(stderr).toMatch(/sudo usermod --add-subuids|sudo apt install uidmap/);
      } else expect((await inside('ranges', line)).stdout).toBe('33 65534\n65534\n65534');
      const { stdout, stderr } = await inside('one', line);
      expect(stdout).not.toContain('65534\n');
      expect(stderr).toMatch(/chown|nvalid argument/);
    });
  },
);

/** Field 4 of proc_pid_stat(5); the name before it holds no blank here. */
function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[3]);
}

describe('identityOf', () => {
  const caller = { uid: 1000, gid: 1001, home: '/home/me' };
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'identity-'));
    mkdirSync(join(root, 'etc'));
    const lines = ['x:x:5:5::/a/../../b:/bin/sh', 'y:x:6:6::/usr/lib/y:/bin/sh', 'z:x:7:7::/srv/z:/bin/sh', 'broken'];
    writeFileSync(join(root, 'etc/passwd'), lines.join('\n'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('takes no home that hides the system or leaves the tree', () => {
    const homeOf = (uid: number): string => identityOf({ uid, gid: uid }, caller, root).home;
    expect([5, 6, 7, 8].map(homeOf)).toEqual(['/home/sandbox', '/home/sandbox', '/srv/z', '/home/sandbox']);
    expect(identityOf('same', { ...caller, home: '/' }, root).home).toBe('/home/sandbox');
    expect(identityOf('same', caller, root)).toMatchObject({ uid: 1000, gid: 1001, home: '/home/me' });
  });

  it('follows no link of an image', () => {
    symlinkSync(root, join(root, 'image'));
    mkdirSync(join(root, 'linked'));
    symlinkSync('../etc', join(root, 'linked/etc'));
    expect(lstatSync(join(root, 'linked/etc')).isSymbolicLink()).toBe(true);
    expect(identityOf({ uid: 7, gid: 7 }, caller, join(root, 'linked'))).toMatchObject({ name: 'sandbox' });
  });

  it('knows the ids of the caller', () => {
    expect(idsInside('same', caller)).toEqual({ uid: 1000, gid: 1001 });
    expect(idsInside('root', caller)).toEqual({ uid: 0, gid: 0 });
  });
});

/** The name of a uid in passwd(5). */
function nameIn(passwd: string, uid: number): string | undefined {
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([, , id]) => id === `${uid}`)?.[0];
}
