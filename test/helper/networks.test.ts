import { execa } from 'execa';
import { existsSync, readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from '../support/ask.ts';
import { patience } from '../support/pace.ts';
import { isRoot, USER } from '../support/unshared.ts';
import { FOR_USER, holdNamespaces, inNetwork, release, result, STRANGER, targetOf, type Holder } from './holders.ts';
import { startRaw, type RawHelper } from './raw-helper.ts';

describe.skipIf(!isRoot)('networks by the helper (needs root)', () => {
  let helper: RawHelper;
  const holders: Holder[] = [];
  beforeEach(() => {
    helper = startRaw(FOR_USER);
  });
  afterEach(async () => {
    for (const holder of holders.splice(0)) await release(holder);
    const { names } = await result<{ names: readonly string[] }>(helper, 'netns/list', {});
    for (const name of names) await result(helper, 'netns/delete', { name });
    await helper.end();
    expect(existsSync('/run/namespace-sandboxes')).toBe(false);
  });

  async function sandbox(uid = USER, ...options: readonly string[]): Promise<Holder> {
    const holder = await holdNamespaces(uid, ...(options.length > 0 ? options : ['--net']));
    holders.push(holder);
    return holder;
  }

  it('makes, lists and deletes network namespaces as ip-netns(8) knows them', async () => {
    await result(helper, 'netns/add', { name: 'test-n1' });
    await result(helper, 'netns/add', { name: 'test-n2' });
    const names = (await execa('ip', ['netns', 'list'])).stdout.split('\n').map((line) => line.split(' ')[0]);
    expect(names).toEqual(expect.arrayContaining(['test-n1', 'test-n2']));
    expect((await execa('ip', ['-n', 'test-n1', '-br', 'link'])).stdout).toMatch(/^lo +DOWN/);
    await expect(result(helper, 'netns/add', { name: 'test-n1' })).rejects.toThrow(/EEXIST/);
    expect(await result(helper, 'netns/list', {})).toEqual({ names: ['test-n1', 'test-n2'] });
    await result(helper, 'netns/delete', { name: 'test-n1' });
    await execa('ip', ['netns', 'delete', 'test-n2']);
    expect(await result(helper, 'netns/list', {})).toEqual({ names: [] });
    await result(helper, 'clean', {});
    expect(readdirSync('/run/netns').filter((name) => name.startsWith('test-'))).toEqual([]);
  });

  it('makes no more than a user may have', { timeout: patience(60_000) }, async () => {
    const add = (number: number) => result(helper, 'netns/add', { name: `test-${number}` });
    for (let made = 0; made < 64; made += 1) await add(made);
    await expect(add(64)).rejects.toThrow(/64 names already/);
    await result(helper, 'netns/delete', { name: 'test-0' });
    await add(64);
  });

  it('leaves alone what others have named', async () => {
    const other = startRaw({ PKEXEC_UID: String(STRANGER) });
    await execa('ip', ['netns', 'add', 'test-admin']);
    await result(other, 'netns/add', { name: 'test-other' });
    try {
      for (const name of ['test-admin', 'test-other']) {
        await expect(result(helper, 'netns/add', { name })).rejects.toThrow(/EEXIST/);
        await expect(result(helper, 'netns/delete', { name })).rejects.toThrow(/no network namespace/);
        const ends = [
          { at: { netns: name }, name: 'a' },
          { at: { netns: name }, name: 'b' },
        ];
        await expect(result(helper, 'links/add', { ends })).rejects.toThrow(/no network namespace/);
      }
      expect(await result(helper, 'netns/list', {})).toEqual({ names: [] });
      expect(existsSync('/run/netns/test-admin') && existsSync('/run/netns/test-other')).toBe(true);
    } finally {
      await execa('ip', ['netns', 'delete', 'test-admin']);
      await result(other, 'netns/delete', { name: 'test-other' });
      await other.end();
    }
  });

  it('joins two sandboxes, and parts them', async () => {
    const [one, other] = [await sandbox(), await sandbox()];
    const ends = [
      { at: targetOf(one), name: 'lab', address: '10.9.0.1/24' },
      { at: targetOf(other), name: 'lab', address: 'fd00::2/64' },
    ];
    await result(helper, 'links/add', { ends });
    expect(await inNetwork(one, 'ip', '-br', 'address', 'show', 'lab')).toMatch(/UP +10\.9\.0\.1\/24/);
    expect(await inNetwork(other, 'ip', '-br', 'address', 'show', 'lab')).toContain('fd00::2/64');
    await expect(result(helper, 'links/add', { ends })).rejects.toThrow(/has a link lab already/);
    await result(helper, 'links/delete', { at: targetOf(one), name: 'lab' });
    expect(await inNetwork(other, 'ip', '-br', 'link')).not.toContain('lab');
    expect(helper.seen.acts).toBe(2);
  });

  it('joins a sandbox and a named network, so that one reaches the other, and undoes the link if an address is refused', async () => {
    await result(helper, 'netns/add', { name: 'test-n3' });
    const one = await sandbox();
    const ends = (address: string) => [
      { at: { netns: 'test-n3' }, name: 'to-box', address },
      { at: targetOf(one), name: 'to-net', address: '10.9.1.2/24' },
    ];
    await expect(result(helper, 'links/add', { ends: ends('ff02::1/64') })).rejects.toThrow(/^nsenter: /);
    expect(await inNetwork(one, 'ip', '-br', 'link')).not.toContain('to-net');
    await result(helper, 'links/add', { ends: ends('10.9.1.1/24') });
    const line = ask('tcp', '10.9.1.2', 9);
    expect((await execa('ip', ['netns', 'exec', 'test-n3', 'sh', '-c', line])).stdout).toBe('ECONNREFUSED');
  });

  it("enters nobody else's network, and not the host's", async () => {
    const own = await sandbox();
    const foreign = await sandbox(STRANGER);
    const onHost = await sandbox(USER, '--uts');
    for (const at of [targetOf(foreign), targetOf(onHost), { ...targetOf(own), startTime: own.startTime + 1 }]) {
      const ends = [
        { at: targetOf(own), name: 'x' },
        { at, name: 'y' },
      ];
      await expect(result(helper, 'links/add', { ends })).rejects.toThrow(/not permitted|another one/);
      await expect(result(helper, 'links/delete', { at, name: 'lo' })).rejects.toThrow(/not permitted|another one/);
    }
    expect(await inNetwork(own, 'ip', '-br', 'link')).not.toContain('x');
    expect(helper.seen.acts).toBe(0);
  });

  it('sets addresses and links up and down, of the user alone', async () => {
    await result(helper, 'netns/add', { name: 'test-n4' });
    const at = { netns: 'test-n4' };
    await result(helper, 'links/set', { at, name: 'lo', address: '10.9.2.1/32', up: true });
    expect((await execa('ip', ['-n', 'test-n4', '-br', 'address'])).stdout).toMatch(/^lo +UNKNOWN .*10\.9\.2\.1\/32/);
    await result(helper, 'links/set', { at, name: 'lo', up: false });
    expect((await execa('ip', ['-n', 'test-n4', '-br', 'link'])).stdout).toMatch(/^lo +DOWN/);
    await expect(result(helper, 'links/set', { at, name: 'none', up: true })).rejects.toThrow(/Cannot find device/);
    const foreign = await sandbox(STRANGER);
    for (const other of [targetOf(foreign), { netns: 'test-admin' }])
      await expect(result(helper, 'links/set', { at: other, name: 'lo', up: true })).rejects.toThrow(
        /not permitted|no network namespace/,
      );
    for (const name of ['-4', 'lo up', '../lo', 'a'.repeat(16)])
      await expect(result(helper, 'links/set', { at, name, up: true })).rejects.toThrow(/parameters of links\/set/);
  });

  it("tries who can be reached, from the user's networks alone, and sends to addresses alone", async () => {
    const [one, other] = [await sandbox(), await sandbox()];
    const ends = [
      { at: targetOf(one), name: 'lab', address: '10.9.3.1/24' },
      { at: targetOf(other), name: 'lab', address: '10.9.3.2/24' },
    ];
    await result(helper, 'links/add', { ends });
    const ask = { at: targetOf(one), addresses: ['10.9.3.2', '10.9.3.9'], port: 9 };
    const { output } = await result<{ output: string }>(helper, 'networks/reach', ask);
    expect(output.trim().split('\n').sort()).toEqual(['R 0 ping', 'R 0 refused']);
    const foreign = await sandbox(STRANGER);
    await expect(result(helper, 'networks/reach', { ...ask, at: targetOf(foreign) })).rejects.toThrow(/not permitted/);
    for (const address of ['localhost', '-e', '10.9.3.2; id', 'fe80::1%lab', ''])
      await expect(result(helper, 'networks/reach', { ...ask, addresses: [address] })).rejects.toThrow(/parameters/);
  });

  it('reads the interfaces of every network', async () => {
    const one = await sandbox();
    const read = await result<{ inodes: readonly number[]; output: string }>(helper, 'networks/read', {});
    const inode = Number((await inNetwork(one, 'readlink', '/proc/self/ns/net')).slice(5, -1));
    expect(read.inodes).toContain(inode);
    expect(read.output).toContain(`N ${3 + read.inodes.indexOf(inode)}\nM `);
    expect(helper.seen.acts).toBe(1);
  });

  it.each(['10.0.0.1', '10.0.0.1/33', '10.0.0/8', 'fd00::1/129', 'local', '10.0.0.1/24 dev eth0', '::ffff:1.2.3.4/-1'])(
    'takes no address %s',
    async (address) => {
      const at = { netns: 'none' };
      const ends = [
        { at, name: 'x', address },
        { at, name: 'y' },
      ];
      await expect(result(helper, 'links/add', { ends })).rejects.toThrow(/parameters of links\/add are wrong/);
    },
  );
});
