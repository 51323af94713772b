import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe } from 'node:test';
import { it, stranger, unshared } from './guest.ts';
import { nothingLeft } from './left.ts';

const SETTINGS = [
  { name: 'kernel.unprivileged_userns_clone', reason: 'Only root may make user namespaces', fix: '1' },
  { name: 'user.max_user_namespaces', reason: 'No user namespace may be made', fix: '15000' },
];

for (const { name, reason, fix } of SETTINGS) {
  describe(`where ${name} is 0`, () => {
    const words = new RegExp(`${reason}.*sysctl ${name}=${fix}`, 's');

    it('a sandbox does not start, and says the cause and the way out', () =>
      withSetting(name, '0', async () => {
        const { exitCode, stdout, stderr } = await unshared(stranger, 'run', '--', 'echo', 'in');
        assert.deepEqual({ exitCode, stdout }, { exitCode: 125, stdout: '' });
        assert.match(stderr, words);
        await nothingLeft(stranger);
      }));

    it('the check of the host says the same', () =>
      withSetting(name, '0', async () => {
        const { exitCode, stdout } = await unshared(stranger, 'check');
        assert.equal(exitCode, 1);
        assert.match(stdout, /^No sandbox can start on this host/);
        assert.match(stdout, words);
      }));
  });
}

/** Sets a kernel parameter (sysctl(8)) meanwhile. */
async function withSetting(name: string, value: string, work: () => Promise<void>): Promise<void> {
  const file = `/proc/sys/${name.replaceAll('.', '/')}`;
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, value);
  try {
    await work();
  } finally {
    writeFileSync(file, before);
  }
}
