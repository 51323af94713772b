import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot, makeCaller, type Caller } from '../support/unshared.ts';
import { until } from '../support/until.ts';
import { startChild, type Child } from './child.ts';

/** With eight namespaces each. */
const GROUPS = 25;

interface Row {
  readonly ns: number;
  readonly type: string;
  readonly nprocs: number;
  readonly pid: number | null;
  readonly ppid: number | null;
  readonly command: string | null;
  readonly uid: number | null;
  readonly user: string | null;
  readonly pns: number | null;
  readonly ons: number | null;
}

interface Detailed extends Row {
  readonly details: Readonly<Record<string, unknown>> | null;
}

const FIELDS = ['ns', 'type', 'nprocs', 'pid', 'ppid', 'command', 'uid', 'user', 'pns', 'ons'] as const;

/** With parents and owners lsns makes a tree of it. */
function flat(rows: readonly (Row & { readonly children?: readonly Row[] })[]): readonly Row[] {
  return rows.flatMap((row) => [row, ...flat(row.children ?? [])]);
}

describe.skipIf(!isRoot)('beside other programs, with 200 namespaces more (needs root)', () => {
  const groups: Child[] = [];
  let caller: Caller;
  beforeAll(async () => {
    caller = makeCaller('root');
    const script = `
      ip link set lo up; hostname "host$0"; ipcmk -Q >/dev/null; ipcmk -S 2 >/dev/null; ipcmk -S 1 >/dev/null
      ip addr add "10.9.8.$0/32" dev lo
      sleep 100000 & echo ready; read _`;
    const options = ['-Urmpfniu', '--cgroup', '--time', '--boottime', '7', '--kill-child', 'sh', '-c', script];
    for (let group = 1; group <= GROUPS; group += 1)
      groups.push(await startChild('unshare', [...options, String(group)]));
  });
  afterAll(async () => {
    await Promise.all(groups.map((group) => group.end()));
    caller.remove();
  });

  async function ours(): Promise<readonly Detailed[]> {
    const { stdout } = await caller.unshared(['namespaces', '--json']);
    return (JSON.parse(stdout) as { namespaces: Detailed[] }).namespaces;
  }

  it('says of each namespace what lsns says', async () => {
    const columns = FIELDS.join(',').toUpperCase();
    // lsns gives 0 where there is no parent or owner; and others come and go at any time.
    const same = ({ ...row }: Row): string =>
      FIELDS.map((field) => (field === 'pns' || field === 'ons' ? (row[field] ?? 0) : row[field])).join('|');
    const steady = ({ pid, nprocs }: Row): boolean => pid !== null && nprocs > 0 && nprocs < 4;
    await until('the same rows as lsns', async () => {
      const { stdout } = await execa('lsns', ['-J', '-o', columns]);
      const theirs = flat((JSON.parse(stdout) as { namespaces: Row[] }).namespaces)
        .filter(steady)
        .map(same);
      const found = new Set((await ours()).map(same));
      return theirs.length >= GROUPS * 8 && theirs.every((row) => found.has(row));
    });
  });

  it('says what is in each as ip, ss, ipcs, hostname and /proc say inside', async () => {
    const found = await ours();
    const inside = async (pid: number, ...command: readonly string[]): Promise<string> =>
      (await execa('nsenter', ['-t', String(pid), '-n', '-i', '-u', '-m', '--', ...command])).stdout;
    const host = found.find(({ type, details }) => type === 'uts' && details?.hostname === 'host7');
    const pid = host?.pid ?? 0;
    const details = (type: string) => found.find((one) => one.type === type && one.pid === pid)?.details ?? {};
    const links = JSON.parse(await inside(pid, 'ip', '-j', 'addr')) as {
      ifname: string;
      addr_info: { local: string }[];
    }[];
    expect(details('net').links).toEqual(links.map(({ ifname }) => ifname));
    expect([...(details('net').addresses as string[])].sort()).toEqual(
      links.flatMap(({ addr_info }) => addr_info.map(({ local }) => local)).sort(),
    );
    expect(details('net').listening).toEqual([]);
    expect(await inside(pid, 'ss', '-Hlntu')).toBe('');
    const counted = async (kind: string): Promise<number> =>
      (await inside(pid, 'ipcs', kind)).split('\n').filter((line) => line.startsWith('0x')).length;
    expect(details('ipc')).toMatchObject({
      queues: await counted('-q'),
      semaphores: await counted('-s'),
      segments: await counted('-m'),
    });
    expect(details('ipc')).toMatchObject({ queues: 1, semaphores: 2, segments: 0 });
    expect(details('mnt').mounts).toBe((await inside(pid, 'cat', `/proc/self/mountinfo`)).split('\n').length);
    const time = found.find(({ type, details: of }) => type === 'time' && of?.boottime === 7);
    expect(time?.details).toMatchObject({ monotonic: 0, boottime: 7 });
    expect(
      found.filter(({ type, details: of }) => type === 'uts' && /^host\d+$/.test(String(of?.hostname))),
    ).toHaveLength(GROUPS);
  });

  it('finds what ip netns names', async () => {
    const name = `discovery-${process.pid}`;
    await execa('ip', ['netns', 'add', name]);
    try {
      const rows = (await ours()) as readonly (Detailed & { readonly nsfs: string | null })[];
      expect(
        rows.filter(({ nsfs }) => nsfs === `/run/netns/${name}` || nsfs === `/var/run/netns/${name}`),
      ).toMatchObject([{ type: 'net', nprocs: 0, details: { links: ['lo'], listening: [] } }]);
    } finally {
      await execa('ip', ['netns', 'del', name]);
    }
  });
});
