import { execa } from 'execa';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProcessTarget } from '../../src/protocol/helper.ts';
import { isRoot, USER } from '../support/unshared.ts';
import { until } from '../support/until.ts';
import { FOR_USER, holdNamespaces, release, result, STRANGER, targetOf, type Holder } from './holders.ts';
import { startRaw, type RawHelper } from './raw-helper.ts';

const FIRST = 900_000;
const FILES = ['/etc/subuid', '/etc/subgid'] as const;

describe.skipIf(!isRoot)('user namespaces by the helper (needs root)', () => {
  let helper: RawHelper;
  let holder: Holder | undefined;
  let files: readonly string[];
  beforeEach(() => {
    files = FILES.map((file) => readFileSync(file, 'utf8'));
    FILES.forEach((file, index) =>
      writeFileSync(file, `${files[index] ?? ''}${USER}:${FIRST}:1000\n${STRANGER}:${FIRST + 1000}:1000\n`),
    );
    helper = startRaw(FOR_USER);
  });
  afterEach(async () => {
    FILES.forEach((file, index) => writeFileSync(file, files[index] ?? ''));
    if (holder) await release(holder);
    holder = undefined;
    await helper.end();
  });

  const ranges = (outside: number, count: number) => [
    { inside: 0, outside: USER, count: 1 },
    { inside: 1, outside, count },
  ];
  const gids = [{ inside: 0, outside: FIRST, count: 1000 }];

  it("maps a user's own ids, once", async () => {
    holder = await holdNamespaces(USER);
    const params = { at: targetOf(holder), uids: ranges(FIRST, 1000), gids };
    await result(helper, 'ids/map', params);
    const kept = readFileSync(`/proc/${holder.pid}/uid_map`, 'utf8').trim().split(/\s+/).map(Number);
    expect(kept).toEqual([0, USER, 1, 1, FIRST, 1000]);
    expect(readFileSync(`/proc/${holder.pid}/gid_map`, 'utf8').trim().split(/\s+/).map(Number)).toEqual([
      0,
      FIRST,
      1000,
    ]);
    await expect(result(helper, 'ids/map', params)).rejects.toThrow(/mapped already/);
    expect(helper.seen.acts).toBe(1);
  });

  it('writes the second map where a helper was killed after the first, which must be the one that is asked for', async () => {
    holder = await holdNamespaces(USER);
    const at = targetOf(holder);
    writeFileSync(`/proc/${holder.pid}/uid_map`, `0 ${USER} 1\n1 ${FIRST} 1000\n`);
    const asked = (count: number) => ({ at, uids: ranges(FIRST, count), gids });
    await expect(result(helper, 'ids/map', asked(999))).rejects.toThrow(/mapped already/);
    expect(readFileSync(`/proc/${holder.pid}/gid_map`, 'utf8')).toBe('');
    await result(helper, 'ids/map', asked(1000));
    expect(readFileSync(`/proc/${holder.pid}/gid_map`, 'utf8')).toMatch(/^ *0 +900000 +1000\n$/);
    expect(helper.seen.acts).toBe(1);
  });

  it.each([
    ['ids of root', ranges(1, 1)],
    ['ids of nobody', ranges(500_000, 1)],
    ["somebody else's ids", ranges(FIRST + 1000, 1)],
    ['more ids than the line has', ranges(FIRST, 1001)],
    ['ids before the line', ranges(FIRST - 1, 2)],
    ['ids that wrap', ranges(FIRST, 2 ** 32 - 2)],
    ["more than one id from the user's own on", [{ inside: 0, outside: USER, count: 2 }]],
  ])('maps no %s', async (_, uids) => {
    holder = await holdNamespaces(USER);
    await expect(result(helper, 'ids/map', { at: targetOf(holder), uids, gids })).rejects.toThrow(
      /\/etc\/subuid does not give/,
    );
    expect(readFileSync(`/proc/${holder.pid}/uid_map`, 'utf8')).toBe('');
    expect(helper.seen.acts).toBe(0);
  });

  it("maps nothing of somebody else, of the host, of root's id, or of a process that is another one", async () => {
    holder = await holdNamespaces(STRANGER);
    const uids = ranges(FIRST, 10);
    await expect(result(helper, 'ids/map', { at: targetOf(holder), uids, gids })).rejects.toThrow(/not permitted/);
    const host = {
      pid: process.pid,
      startTime: Number(readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')[19]),
    };
    await expect(result(helper, 'ids/map', { at: host, uids, gids })).rejects.toThrow(/mapped already/);
    const later = { ...targetOf(holder), startTime: holder.startTime + 1 };
    await expect(result(helper, 'ids/map', { at: later, uids, gids })).rejects.toThrow(/another one/);
    const root = [{ inside: 0, outside: 0, count: 1 }];
    await expect(result(helper, 'ids/map', { at: targetOf(holder), uids: root, gids })).rejects.toThrow(/are wrong/);
    expect(helper.seen.acts).toBe(0);
  });

  it('makes a user namespace that its user owns, enters and ends without root', async () => {
    const made = await result<ProcessTarget>(helper, 'namespaces/start', {});
    await result(helper, 'ids/map', { at: made, uids: ranges(FIRST, 10), gids });
    const enter = (uid: number) =>
      execa('setpriv', [
        ...['--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', 'nsenter', `--user=/proc/${made.pid}/ns/user`],
        ...['--preserve-credentials', 'unshare', '--mount', '--net', 'grep', '-E', 'CapEff|^Uid', '/proc/self/status'],
      ]);
    expect((await enter(USER)).stdout).toMatch(/CapEff:\t0{5,}1?[0-9a-f]*f{6}/);
    await expect(enter(STRANGER)).rejects.toThrow(/denied|not permitted/);
    expect(readFileSync(`/proc/${made.pid}/status`, 'latin1')).toMatch(
      new RegExp(`^Uid:\t${USER}\t${USER}\t${USER}\t${USER}$`, 'm'),
    );
    await execa('setpriv', [
      '--reuid',
      `${USER}`,
      '--regid',
      `${USER}`,
      '--clear-groups',
      'kill',
      '-KILL',
      `${made.pid}`,
    ]);
  });

  it('ends the namespaces that it has made with itself, however it ends', async () => {
    const made = await result<ProcessTarget>(helper, 'namespaces/start', {});
    process.kill(helper.pid, 'SIGKILL');
    await helper.exit;
    await until('the holder to end', () => !readsAs(made.pid, 'cat'));
  });
});

function readsAs(pid: number, comm: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.includes(`(${comm})`) && !stat.includes(') Z ');
  } catch {
    return false;
  }
}
