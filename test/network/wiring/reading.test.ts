import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadKernelCalls } from '../../../src/discovery/native.ts';
import { takeSnapshot } from '../../../src/discovery/snapshot.ts';
import type { Cable, Interface, WiredNetwork, Wiring } from '../../../src/model/wiring.ts';
import { lookAtNetworks, lookAtNetworksAsRoot } from '../../../src/sandbox/look-at-networks.ts';
import { startHelper } from '../../../src/elevation/start-helper.ts';
import { HELPER } from '../../helper/raw-helper.ts';
import { holdNamespaces, release, type Holder } from '../../helper/holders.ts';
import { isRoot, USER } from '../../support/unshared.ts';

/** Names of namespaces of this run alone; the last would break out of HTML and of a shell if anybody let it. */
const [HUB, ONE, TWO, HOSTILE] = ['hub', 'one', 'two', '<b>$(x)'].map((name) => `wire-${process.pid}-${name}`) as [
  string,
  string,
  string,
  string,
];
const NAMES = [HUB, ONE, TWO, HOSTILE];

interface IpInterface {
  readonly ifindex: number;
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly link_type: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
}

describe.skipIf(!isRoot)('the wiring, on a machine with foreign networks (needs root)', () => {
  let wiring: Wiring;
  let nobody: Holder;
  beforeAll(async () => {
    nobody = await holdNamespaces(USER, '--net');
    const unnamed = `/proc/${nobody.pid}/ns/net`;
    for (const name of NAMES) await execa('ip', ['netns', 'add', name]);
    const lines = `
      ip -n ${HUB} link add br0 type bridge
      ip link add p1 netns ${HUB} type veth peer name eth0 netns ${ONE}
      ip link add p2 netns ${HUB} type veth peer name eth0 netns ${TWO}
      ip link add p3 netns ${HUB} type veth peer name eth0 netns ${nobody.pid}
      for port in p1 p2 p3; do ip -n ${HUB} link set $port master br0; ip -n ${HUB} link set $port up; done
      ip -n ${HUB} link set br0 up
      ip -n ${ONE} address add 10.9.5.1/24 dev eth0
      ip -n ${ONE} address add fd00:9::1/64 dev eth0
      ip -n ${ONE} link set eth0 up mtu 1400
      ip -n ${HUB} link add link br0 name mv0 type macvlan mode bridge
      ip -n ${HUB} link set mv0 netns ${TWO}
      ip -n ${HUB} link add link br0 name mv1 type macvlan mode private
      ip -n ${TWO} tuntap add tap0 mode tap
      ip -n ${TWO} link add vx0 type vxlan id 42 local 10.9.5.2 remote 10.9.5.3 dstport 4789
      ip -n ${TWO} link add name a type veth peer name b`;
    await execa('sh', ['-ec', lines]);
    expect((await execa('nsenter', [`--net=${unnamed}`, 'ip', '-br', 'link'])).stdout).toContain('eth0');
    wiring = await lookAtNetworks(takeSnapshot(await loadKernelCalls()), []);
  });
  afterAll(async () => {
    await release(nobody);
    for (const name of NAMES) await execa('ip', ['netns', 'delete', name]);
  });

  function network(name: string): WiredNetwork {
    const found = wiring.networks.find((one) => one.name === name);
    return found ?? expect.fail(`no network ${name}`);
  }

  const at = ({ network: inode, index }: Cable['from']): string => {
    const found = wiring.networks.find((one) => one.inode === inode);
    return `${found?.name ?? '?'}:${found?.interfaces.find((one) => one.index === index)?.name ?? '?'}`;
  };
  const cables = (): readonly string[] =>
    wiring.cables.map(({ kind, from, to }) => `${kind} ${at(from)} ${to ? at(to) : 'unseen'}`);

  it('has the interfaces and addresses that ip says, in every namespace that ip can enter', async () => {
    const fields = ({ index, name, up, mtu, addresses }: Interface) => ({ index, name, up, mtu, addresses });
    for (const one of wiring.networks.filter(({ pid, owner }) => pid !== undefined || owner.kind === 'named')) {
      const enter = one.owner.kind === 'named' ? `/run/netns/${one.owner.name}` : `/proc/${one.pid ?? 0}/ns/net`;
      const { stdout } = await execa('nsenter', [`--net=${enter}`, 'ip', '-j', '-d', 'address']);
      const said = (JSON.parse(stdout) as readonly IpInterface[]).map(({ ifindex, ifname, flags, mtu, addr_info }) => ({
        index: ifindex,
        name: ifname,
        up: flags.includes('UP'),
        mtu,
        addresses: addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`),
      }));
      expect(one.interfaces.map(fields), one.name).toEqual(said);
    }
  });

  it('knows the kinds, and what tells them apart', () => {
    const kinds = network(TWO).interfaces.map(({ name, kind, detail }) => [name, kind, detail]);
    expect(kinds.sort()).toEqual([
      ['a', 'veth', undefined],
      ['b', 'veth', undefined],
      ['eth0', 'veth', undefined],
      ['lo', 'loopback', undefined],
      ['mv0', 'macvlan', 'bridge'],
      ['tap0', 'tun', 'tap'],
      ['vx0', 'vxlan', 'id 42, 10.9.5.2 → 10.9.5.3'],
    ]);
  });

  it('finds the other end of each veth, across namespaces with a name and without', () => {
    const nameless = wiring.networks.find(({ pid }) => pid === nobody.pid)?.name ?? '';
    const pairs = cables().filter((text) => text.startsWith('veth'));
    const pair = (a: string, b: string): boolean =>
      pairs.includes(`veth ${a} ${b}`) || pairs.includes(`veth ${b} ${a}`);
    expect(pair(`${HUB}:p1`, `${ONE}:eth0`)).toBe(true);
    expect(pair(`${HUB}:p2`, `${TWO}:eth0`)).toBe(true);
    expect(pair(`${HUB}:p3`, `${nameless}:eth0`)).toBe(true);
    expect(pair(`${TWO}:a`, `${TWO}:b`)).toBe(true);
  });

  it('knows ports of a bridge, and what is made upon another interface, there and elsewhere', () => {
    expect(cables()).toEqual(
      expect.arrayContaining([`port ${HUB}:p1 ${HUB}:br0`, `upon ${HUB}:mv1 ${HUB}:br0`, `upon ${TWO}:mv0 ${HUB}:br0`]),
    );
  });

  it('is the same through the helper', async () => {
    const helper = await startHelper(HELPER, () => undefined);
    try {
      const { wiring: told } = await lookAtNetworksAsRoot(helper, []);
      const ours = (all: Wiring) =>
        all.networks.filter(({ owner }) => owner.kind === 'named' && NAMES.includes(owner.name));
      const inodes = new Set(ours(told).map(({ inode }) => inode));
      const between = ({ cables: all }: Wiring) =>
        all.filter(({ from, to }) => inodes.has(from.network) && to && inodes.has(to.network));
      expect(ours(told)).toEqual(ours(wiring));
      expect(between(told)).toEqual(between(wiring));
      expect(between(told)).not.toHaveLength(0);
    } finally {
      helper.dispose();
      await helper.ended;
    }
  });

  it('takes a name as it is, whatever it holds', () => {
    expect(network(HOSTILE).interfaces.map(({ name }) => name)).toEqual(['lo']);
  });
});
