import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { busyboxTree } from '../../support/busybox.ts';
import { surroundings, unsharedIn } from '../../support/surroundings.ts';
import { CALLERS, makeCaller, writeProfiles } from '../../support/unshared.ts';
import { tryout } from './inside.ts';

describe.skipIf(process.getuid?.() !== 0)('beside mounts of the host (needs root)', () => {
  it.each([
    ['noexec', 'a mask', { maskedPaths: ['${workspaceFolder}/data/in/secret'] }, 'end', /busy/],
    ['noexec', 'a closed path', { readOnlyPaths: ['${workspaceFolder}/data/in'] }, 'key\nend', /busy/],
    ['ro', 'a mask', { maskedPaths: ['${workspaceFolder}/data/in/secret'] }, 'end', /Read-only file system/],
    ['noexec', 'the workspace', {}, 'key\nend', /^(?!.*mv)/],
  ])('one that is %s may have %s in it', async (option, _, settings, said, refused) => {
    const caller = makeCaller('user');
    onTestFinished(() => caller.remove());
    const { workspace, uid } = caller;
    await writeProfiles(caller, { tried: { extends: 'project', network: 'none', ...settings } });
    const mounted = Object.keys(settings).length > 0 ? `${workspace}/data` : workspace;
    const around = await surroundings(
      [
        `cp -r ${workspace}/.vscode "$T/kept"; mkdir -p ${mounted}; mount -t tmpfs tmpfs ${mounted}`,
        `mkdir -p ${workspace}/data/in; echo key >${workspace}/data/in/secret; [ -e ${workspace}/.vscode ] || cp -r "$T/kept" ${workspace}/.vscode`,
        `chown -R ${uid} ${workspace}; mount -o remount,bind,${option} ${mounted}`,
      ].join('\n'),
    );
    onTestFinished(() => around.end());
    const line = 'cat data/in/secret; mv data/in data/moved; echo end';
    const args = ['run', '--workspace', workspace, '--profile', 'tried', '--', 'sh', '-c', line];
    const { stdout, stderr } = await unsharedIn(caller, around.inside, args);
    expect(stdout, stderr).toBe(said);
    expect(stderr).toMatch(refused);
  });
});

describe.each(CALLERS)('in a sandbox of %s', (name) => {
  const tried = tryout(name);

  async function outside(line: string): Promise<void> {
    const [file = '', ...args] = tried.caller.asCaller(['sh', '-c', line]);
    await execa(file, args, { cwd: tried.caller.workspace });
  }

  it('files and folders are hidden in every terminal, and cannot be uncovered', async () => {
    await outside('mkdir -p secrets && echo key >secrets/id && echo token >.env');
    const settings = {
      workspace: 'ro',
      maskedPaths: ['/etc/passwd', '${workspaceFolder}/.env', '/var/tmp'],
      mounts: [{ mask: '${workspaceFolder}/secrets' }, { mask: '/proc/uptime' }],
    };
    const { first, second } = await tried.inBoth(
      settings,
      'cat .env /etc/passwd /proc/uptime; ls -A secrets /var/tmp; for path in .env secrets /etc/passwd; do umount "$path" 2>/dev/null && echo uncovered; done; (echo x >secrets/x) 2>/dev/null || echo closed',
    );
    expect(first).toBe('/var/tmp:\n\nsecrets:\nclosed');
    expect(second).toBe(first);
  });

  it('paths are closed with all that is mounted below them, and what is hidden there stays hidden', async () => {
    const settings = {
      readOnlyPaths: ['/root', '/proc', '/dev/shm'],
      mounts: [{ tmpfs: '/root/cache' }, { mask: '/root/cache' }, { tmpfs: '/root/more' }],
    };
    const line =
      'for path in /root /root/more /dev/shm /proc/self/comm; do touch $path/x 2>&1 || true; done; cat /proc/keys; (echo name >/proc/self/comm) 2>/dev/null || echo closed';
    const { first, second } = await tried.inBoth(settings, line);
    expect(first.match(/Read-only file system/g)).toHaveLength(3);
    expect(first).toMatch(/closed$/);
    expect(second).toBe(first);
  });

  it('what can be written to around closed paths is not renamed away together with them', async () => {
    await outside(
      'rm -rf data; mkdir -p data/ci/scripts/deep data/keys/own; echo good >data/ci/scripts/deep/run; echo key >data/keys/own/id; chmod -R 777 data',
    );
    const settings = {
      mounts: [{ bind: 'data', to: '/data/' }],
      maskedPaths: ['/data/keys/own/id'],
      readOnlyPaths: ['/data/ci/scripts/deep/', '/data/keys'],
    };
    const line = [
      'cat /data/keys/own/id; for path in ci ci/scripts ci/scripts/deep keys keys/own; do mv /data/$path /data/$path.moved || true; done',
      'echo evil >/data/ci/scripts/deep/run; echo x >/data/keys/x; echo x >/data/keys/own/x; echo x >/data/ci/scripts/new && cat /data/ci/scripts/new',
    ].join('; ');
    const { first, second } = await tried.inBoth(settings, `{ ${line}; } 2>&1`);
    expect(first.match(/busy/g), first).toHaveLength(4);
    expect(first.match(/Read-only file system/g)).toHaveLength(4);
    expect(first).toMatch(/^mv[^]*\nx$/);
    expect(second).toBe(first);
    await outside('test "$(cat data/ci/scripts/deep/run)" = good');
  });

  it.each([
    ['a path below a mask', { maskedPaths: ['/data/a'], readOnlyPaths: ['/data/a/b', '/data'] }],
    ['a mask below a mask', { maskedPaths: ['/data/a', '/data/a/b/c'], readOnlyPaths: ['/data'] }],
    ['the same path twice', { maskedPaths: ['/data/a/b'], readOnlyPaths: ['/data/a/b'] }],
  ])('%s is closed by the mask', async (_, settings) => {
    await outside('mkdir -p data/a/b/c; echo key >data/a/b/c/id; chmod -R 777 data');
    const all = { mounts: [{ bind: 'data', to: '/data' }], ...settings };
    const { stdout, stderr } = await tried.run(all, 'cat /data/a/b/c/id; mkdir /data/a/b/x; echo started');
    expect(stdout, stderr).toBe('started');
    expect(stderr).not.toContain('mounting failed');
  });

  it('a workspace that was opened by a link is hidden from at its real path', async () => {
    await outside('echo token >.env; ln -sfn "$PWD" ../linked');
    const settings = { workspace: 'ro', maskedPaths: ['${workspaceFolder}/.env'] };
    const { stdout, stderr } = await tried.run(settings, 'pwd; cat .env; echo end', [
      '--workspace',
      `${tried.caller.workspace}/../linked`,
    ]);
    expect(stdout, stderr).toBe(`${tried.caller.workspace}\nend`);
  });

  it('nothing is hidden where nothing is, unless it could be made there later', async () => {
    const never = { maskedPaths: ['/srv/none', '/proc/none'], readOnlyPaths: ['/mnt'] };
    expect(await tried.run(never, 'echo started')).toMatchObject({ stdout: 'started' });
    for (const path of ['/tmp/later', '/usr/none', '/root/none']) {
      const { exitCode, stderr } = await tried.run({ readOnlyPaths: [path] }, 'true');
      expect([exitCode, stderr]).toEqual([125, expect.stringContaining(`There is nothing at ${path}`)]);
    }
  });

  it('a link is not hidden in place of what it leads to', async () => {
    await outside('ln -sf /etc link');
    const { exitCode, stderr } = await tried.run(
      { workspace: 'ro', maskedPaths: ['${workspaceFolder}/link/passwd'] },
      'true',
    );
    expect(exitCode).toBe(125);
    expect(stderr).toContain('/link: it is a symbolic link');
    expect((await tried.run({ maskedPaths: ['/'] }, 'true')).stderr).toContain('it is everything');
  });

  it.skipIf(findProgram('busybox') === undefined)('a foreign root has them too (needs busybox-static)', async () => {
    await outside('mkdir -p secret-tree/etc && echo key >secret-tree/etc/key && ln -s etc secret-tree/conf');
    const rootfs = busyboxTree(`${tried.caller.workspace}/secret-tree`, ['sh', 'cat', 'touch']);
    const settings = { maskedPaths: ['/etc/key'], readOnlyPaths: ['/bin'] };
    const line = 'cat /etc/key; touch /bin/x || echo closed';
    const { first, second } = await tried.inBoth(settings, line, ['--rootfs', rootfs]);
    expect([first, second]).toEqual(['closed', 'closed']);
    const linked = await tried.run({ maskedPaths: ['/conf/key'] }, 'true', ['--rootfs', rootfs]);
    expect(linked.stderr).toContain('Nothing can be mounted on /conf: it is a symbolic link');
    const missing = await tried.run({ maskedPaths: ['/etc/none'] }, 'true', ['--rootfs', rootfs]);
    expect(missing.stderr).toContain('There is nothing at /etc/none');
    const closed = await tried.run({ maskedPaths: ['/etc/none'], readOnly: true }, 'echo ok', ['--rootfs', rootfs]);
    expect(closed.stdout, closed.stderr).toBe('ok');
  });
});
