import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { describe } from 'node:test';
import { NAMESPACE_TYPES } from '../../../src/model/namespace.ts';
import { around, it, root, stranger, tester, unshared, type Caller } from './guest.ts';
import { nothingLeft } from './left.ts';

const LOOK = [
  'readlink /proc/self/ns/*',
  'grep -E "^(NoNewPrivs|CapBnd)" /proc/self/status',
  'while read -r _ _ _ _ target options _; do echo "mount $target $options"; done </proc/self/mountinfo',
  'echo "masked: $(ls -A /proc/acpi /sys/firmware 2>/dev/null | grep -v :; cat /proc/kcore /proc/keys /proc/timer_list)"',
  'for path in /usr/x /etc/x /x /proc/sys/kernel/hostname; do (: >$path) 2>/dev/null || echo "closed $path"; done',
  'umount /proc/sys 2>/dev/null || echo "closed /proc/sys"',
  'exit 7',
].join('\n');

const CALLERS: readonly (readonly [string, Caller])[] = [
  ['a user with subordinate ids', tester],
  ['a user without', stranger],
  ['root', root],
];

for (const [name, caller] of CALLERS) {
  describe(`a sandbox of ${name}, with the util-linux of Debian 13`, () => {
    let seen = '';

    it('runs a command and returns its exit status', async () => {
      const { exitCode, stdout, stderr } = await unshared(caller, 'run', '--', 'sh', '-c', LOOK);
      seen = stdout;
      assert.equal(exitCode, 7, stderr);
      await nothingLeft(caller);
    });

    it('has eight namespaces of its own', () => {
      const links = [...seen.matchAll(/^(\w+):\[\d+\]$/gm)].map(([link]) => link);
      const own = NAMESPACE_TYPES.map((type) => readlinkSync(`/proc/self/ns/${type}`));
      assert.ok(
        NAMESPACE_TYPES.every((type) => links.some((link) => link.startsWith(`${type}:`))),
        links.join(' '),
      );
      assert.deepEqual(
        links.filter((link) => own.includes(link)),
        [],
      );
    });

    it('is confined, and what is masked stays so', () => {
      assert.match(seen, /^NoNewPrivs:\t1$/m);
      assert.match(seen, /^CapBnd:\t00000000800425fb$/m);
      assert.match(seen, /^masked: *$/m);
      assert.match(seen, /^closed \/proc\/sys$/m);
    });

    it('has every mount nosuid, and its system read-only', () => {
      const mounts = [...seen.matchAll(/^mount (\S+) (\S+)$/gm)].map(([, target = '', options = '']) => ({
        target,
        options,
      }));
      assert.ok(mounts.length > 20, seen);
      assert.deepEqual(
        mounts.filter(({ options }) => !options.split(',').includes('nosuid')),
        [],
      );
      for (const target of ['/', '/usr', '/etc', '/proc/sys', '/proc/kcore', '/sys', '/srv/workspace'])
        assert.match(mounts.find((mount) => mount.target === target)?.options ?? `no ${target}`, /(^|,)ro(,|$)/);
      for (const path of ['/usr/x', '/etc/x', '/x', '/proc/sys/kernel/hostname'])
        assert.match(seen, new RegExp(`^closed ${path}$`, 'm'));
    });
  });
}

const OPEN = [
  'cat /data/file; ls -A /data/hidden',
  'mkdir /tmp/m; mount --rbind /data /tmp/m',
  'for at in /data /tmp/m /usr /.seccomp.bpf; do mount -o remount,bind,rw $at && echo "opened $at"; done',
  'unshare --user --map-root-user --mount mount -o remount,bind,rw /data && echo opened',
  'umount /data/hidden && echo uncovered; for at in /data /tmp/m; do echo x >$at/file && echo written; done; :',
].join('\n');

describe('root inside with every capability, with the mount(8) of Debian 13,', () => {
  const folder = '/srv/held';
  around(
    () => {
      mkdirSync(`${folder}/.vscode`, { recursive: true });
      mkdirSync(`${folder}/data/hidden`, { recursive: true });
      for (const file of ['file', 'hidden/secret']) {
        writeFileSync(`${folder}/data/${file}`, 'key\n');
        chmodSync(`${folder}/data/${file}`, 0o666);
      }
      const mounts = [{ bind: 'data', to: '/data', readOnly: true }, { mask: '/data/hidden' }];
      writeFileSync(
        `${folder}/.vscode/sandboxes.json`,
        JSON.stringify({ profiles: { held: { extends: 'learn', mounts } } }),
      );
    },
    () => rmSync(folder, { recursive: true }),
  );

  for (const [name, caller] of CALLERS) {
    it(`opens nothing that ${name} shows read-only`, async () => {
      const options = [
        '--workspace',
        folder,
        '--profile',
        'held',
        '--limit',
        'memory.max=max',
        '--limit',
        'pids.max=max',
      ];
      const { stdout, stderr } = await unshared(caller, 'run', ...options, '--', 'sh', '-c', OPEN);
      assert.equal(stdout, 'key', stderr);
      assert.equal(readFileSync(`${folder}/data/file`, 'utf8'), 'key\n');
      await nothingLeft(caller);
    });
  }
});
