import { execa } from 'execa';
import { existsSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pack, type Header } from 'tar-stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../../src/host/programs.ts';
import { removeTree } from '../../../src/sandbox/rootfs/remove.ts';
import { planIds } from '../../../src/sandbox/ids.ts';
import { patience } from '../../support/pace.ts';
import {
  CALLERS,
  isRoot,
  makeCaller,
  sandboxFolders,
  writeProfiles,
  type Caller,
  type Finished,
} from '../../support/unshared.ts';

const busybox = findProgram('busybox');
const APPLETS = ['sh', 'cat', 'ls', 'id', 'touch', 'mkdir', 'ps', 'hostname', 'tty', 'stat', 'rm', 'head', 'env'];

describe.skipIf(busybox === undefined).each(CALLERS)('a root file system of %s (needs busybox-static)', (name) => {
  let caller: Caller;
  let tree: string;
  const archives: Record<string, string> = {};

  beforeAll(async () => {
    caller = makeCaller(name);
    tree = join(caller.workspace, 'tree');
    await outside(`mkdir -p tree/bin tree/etc && cp ${busybox ?? ''} tree/bin/busybox && echo image >tree/etc/issue`);
    await outside(
      `cd tree/bin && for name in ${APPLETS.join(' ')}; do ln -s busybox $name; done; ln -s /etc ../victim`,
    );
    for (const [extension, option] of Object.entries({ tar: '', 'tar.gz': '-z', 'tar.xz': '-J' })) {
      archives[extension] = join(caller.workspace, `mini.${extension}`);
      await outside(`tar ${option} -cf mini.${extension} -C tree .`);
    }
  });
  afterAll(() => caller.remove());

  async function outside(line: string): Promise<void> {
    const [file = '', ...args] = caller.asCaller(['sh', '-c', line]);
    await execa(file, args, { cwd: caller.workspace });
  }

  function inside(rootfs: string, line: string): Promise<Finished> {
    return caller.unshared(['run', '--profile', 'learn', '--rootfs', rootfs, '--', 'sh', '-c', line]);
  }

  it.each(['tar', 'tar.gz', 'tar.xz'])('is unpacked from a .%s, and writable for one sandbox', async (extension) => {
    const archive = archives[extension] ?? '';
    const first = await inside(
      archive,
      'cat /etc/issue; id -u; echo mine >/etc/issue; touch /new; ls -d /new; ps | grep -c busybox; true',
    );
    expect(first.stdout, first.stderr).toMatch(/^image\n0\n\/new/);
    const second = await inside(archive, 'cat /etc/issue; ls /new 2>&1');
    expect(second.stdout).toMatch(/^image\nls: \/new/);
  });

  it('may be a folder, which stays as it is', async () => {
    const { stdout, stderr } = await inside(tree, 'cat /etc/issue; echo mine >/fresh && cat /fresh');
    expect(stdout, stderr).toBe('image\nmine');
    expect(existsSync(join(tree, 'fresh'))).toBe(false);
  });

  it('needs no program of the image for PID 1 and the terminal', async () => {
    await outside('mkdir -p bare/bin && cp tree/bin/busybox bare/bin/sh');
    const { stdout, exitCode } = await inside(join(caller.workspace, 'bare'), 'exit 3');
    expect([stdout, exitCode]).toEqual(['', 3]);
  });

  it.each(['/proc', '/dev', '/tmp', '/run', '/sys'])(
    'whose %s is a link to somewhere else does not start',
    async (target) => {
      const evil = join(caller.workspace, `evil${target.replaceAll('/', '-')}`);
      await outside(
        `cp -a tree ${evil} && mkdir -p ${evil}${dirname(target)} victim && ln -s ${caller.workspace}/victim ${evil}${target}`,
      );
      const { exitCode, stderr } = await inside(evil, 'true');
      expect(exitCode).toBe(125);
      expect(stderr).toContain(`Nothing can be mounted on ${target}: it is a symbolic link`);
      expect(readdirSync(join(caller.workspace, 'victim'))).toEqual([]);
      expect(sandboxFolders(caller)).toEqual([]);
    },
  );

  it('that is missing, a file of another kind, or cut off is one clear error', async () => {
    expect((await inside('nowhere', 'true')).stderr).toContain('nowhere does not exist');
    await outside('echo words >words.tar');
    expect((await inside('words.tar', 'true')).stderr).toMatch(/words\.tar/);
    for (const extension of ['tar', 'tar.gz', 'tar.xz']) {
      await outside(`cp mini.${extension} cut.${extension}`);
      const cut = join(caller.workspace, `cut.${extension}`);
      truncateSync(cut, Math.floor(statSync(cut).size / 2));
      const { exitCode, stderr } = await inside(cut, 'true');
      expect(exitCode, extension).toBe(125);
      expect(stderr).toContain(cut);
    }
    expect(sandboxFolders(caller)).toEqual([]);
  });

  const BAD: readonly [string, readonly Partial<Header>[], string][] = [
    ['an absolute path', [{ name: '/etc/passwd' }], 'its path is absolute'],
    ['..', [{ name: 'a/../../passwd' }], 'its path holds ".."'],
    ['a link out of the tree', [{ name: 'a/link', type: 'symlink', linkname: '../../..' }], 'leads out of the tree'],
    [
      'a file behind a link',
      [{ name: 'link', type: 'symlink', linkname: '/tmp' }, { name: 'link/file' }],
      'behind the link link',
    ],
    ['a hard link out of the tree', [{ name: 'hard', type: 'link', linkname: '/etc/passwd' }], 'its path is absolute'],
    ['a device node', [{ name: 'dev/sda', type: 'block-device' }], 'it is a device node'],
    ['a FIFO', [{ name: 'pipe', type: 'fifo' }], 'it is a FIFO'],
  ];
  it.each(BAD)('with %s in its archive does not start, and leaves nothing in the store', async (_, entries, reason) => {
    const archive = join(caller.workspace, 'bad.tar');
    writeFileSync(archive, await tarOf(entries));
    const { exitCode, stderr } = await inside(archive, 'true');
    expect(exitCode).toBe(125);
    expect(stderr).toContain(reason);
    const store = join(
      caller.uid === 0 ? '/var/lib/namespace-sandboxes/data' : `${caller.home}/.local/share/namespace-sandboxes`,
      'rootfs',
    );
    expect(existsSync(join(store, 'bad'))).toBe(false);
    expect(sandboxFolders(caller)).toEqual([]);
  });
});

const debootstrapped = process.env.DEBOOTSTRAP_ROOT;
describe.skipIf(!isRoot || debootstrapped === undefined)(
  'a Debian made by debootstrap (needs root and DEBOOTSTRAP_ROOT)',
  () => {
    it('starts, with its own programs', async () => {
      const caller = makeCaller('root');
      const { stdout, stderr } = await caller.unshared([
        ...['run', '--profile', 'learn', '--rootfs', debootstrapped ?? ''],
        '--',
        'sh',
        '-c',
        'cat /etc/debian_version; dpkg --version | head -1; tty',
      ]);
      expect(stdout, stderr).toMatch(/^\d+.*\nDebian 'dpkg'/);
      caller.remove();
    });
  },
);

describe.skipIf(!isRoot || debootstrapped === undefined).each(['root', 'ranges'] as const)(
  'a Debian made by debootstrap and packed, for %s (needs root and DEBOOTSTRAP_ROOT)',
  (name) => {
    it(
      'lets dpkg give files to other users, and su become one',
      async () => {
        const caller = makeCaller(name);
        try {
          const archive = join(caller.workspace, 'debian.tar');
          const left = ['usr/share', 'var/cache', 'var/lib/apt', 'boot', 'dev', 'proc', 'sys'].map(
            (path) => `--exclude=./${path}`,
          );
          await execa('tar', [...left, '-cf', archive, '-C', debootstrapped ?? '', '.']);
          await writeProfiles(caller, { debian: { extends: 'learn', rootfs: archive, ids: 'ranges' } });
          const { stdout, stderr } = await caller.unshared(
            ['run', '--profile', 'debian', '--', 'sh', '-euc', PACKAGE],
            {
              timeout: patience(90_000),
            },
          );
          expect(stdout.split('\n').slice(-3), stderr).toEqual(['33 8 4750', '65534', '0 0']);
        } finally {
          await removeTree(caller.home, planIds(0, 0));
          caller.remove();
        }
      },
      patience(120_000),
    );
  },
);

/** Makes and installs a package with a file of another owner in it. */
const PACKAGE = `
mkdir -p /tmp/p/DEBIAN /tmp/p/srv; cd /tmp/p; echo x >srv/file; chown 33:8 srv/file; chmod 4750 srv/file
printf 'Package: p\\nVersion: 1\\nArchitecture: all\\nMaintainer: m\\nDescription: d\\n' >DEBIAN/control
dpkg-deb --build /tmp/p /tmp/p.deb >/dev/null; dpkg -i /tmp/p.deb >/dev/null
stat -c '%u %g %a' /srv/file; su -s /bin/sh nobody -c 'id -u'; stat -c '%u %g' /usr/bin/dpkg`;

async function tarOf(entries: readonly Partial<Header>[]): Promise<Buffer> {
  const archive = pack();
  for (const entry of entries) archive.entry({ name: 'x', mode: 0o644, ...entry }, '');
  archive.finalize();
  return buffer(archive);
}
