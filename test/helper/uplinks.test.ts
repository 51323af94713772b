import { execa, execaSync } from 'execa';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { parseUplinkSubnet } from '../../src/model/uplink.ts';
import { MOST_TRACKED } from '../../src/network/uplink-rules.ts';
import type { UplinkState } from '../../src/protocol/helper.ts';
import { connectCommands, disconnectCommands } from '../../src/sandbox/uplink-plan.ts';
import { answerOnce, ask } from '../support/ask.ts';
import { LAB, makeNetworkLab, type NetworkLab } from '../support/network-lab.ts';
import { patience } from '../support/pace.ts';
import { packets } from '../support/packets.ts';
import { isRoot, USER } from '../support/unshared.ts';
import { until } from '../support/until.ts';
import { FOR_USER, holdNamespaces, inNetwork, release, result, STRANGER, targetOf, type Holder } from './holders.ts';
import { startRaw, type RawHelper } from './raw-helper.ts';

const missing = ['nft', 'ip', 'nsenter', 'sysctl'].filter((name) => findProgram(name) === undefined);
const possible = isRoot && missing.length === 0;
const needs = isRoot ? `needs ${missing.join(', ') || 'nothing more'}` : 'needs root';
const hasStrace = !execaSync('strace', ['-V'], { reject: false }).failed;

const FOR_STRANGER = { PKEXEC_UID: String(STRANGER) };
const SUBNET = '10.9.8.0/24';
const INSIDE = '10.9.8.2';
/** Somebody on another link of the host. */
const BEHIND = '10.88.0.2';
const N1 = { netns: 'test-n1' };
/** What the helper keeps of it. */
const NOTE = `/run/namespace-sandboxes/${USER}/uplinks/0`;
const WISH = { at: N1, name: 'out', subnet: SUBNET };

/** All that an uplink could leave on the host. */
const TRACES = `ip -json link; ip -json address; ip -json route show table all; ip -json -6 route show table all; ip rule; nft list ruleset
  for file in /proc/sys/net/ipv[46]/conf/*/* /proc/sys/net/ipv4/ip_forward; do echo "$file $(cat "$file" 2>/dev/null)"; done
  find /run -mindepth 1 | sort`;

const SAY_SOURCE = `import socket
s = socket.socket(); s.bind(('${LAB.external}', 7001)); s.listen()
print('listening', flush=True)
while True:
    c, peer = s.accept(); c.recv(99); c.send(peer[0].encode()); c.close()`;

const echoAt = (address: string): string => `import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('${address}', 7200)); s.listen()
print('listening', flush=True)
c, _ = s.accept()
while d := c.recv(99): c.send(d)`;

/** Says something to an echo, waits three seconds, says more, and prints what has come of that. */
const talkTo = (address: string): string => `import socket, time
s = socket.socket(); s.settimeout(3); s.connect(("${address}", 7200)); s.send(b"first"); s.recv(99); time.sleep(3)
try: s.send(b"password"); print(s.recv(99))
except OSError: print("refused")`;

/** What leaves the host under an address of an uplink, or is an error of ICMP to its gateway. */
const HEAR_NEAR = `found = set()
for p in Wire('gw').read(5):
    if p[12:14] == b'\\x08\\0' and (p[26:29] == raw('${SUBNET.replace('/24', '')}')[:3] or p[23] == 1 and p[34] in (3, 5, 11)): found.add((p[26:30].hex(), p[30:34].hex(), p[23]))
print(found)`;

/** Sends one ICMP echo request, and prints whether it was answered: ping(8) is not on every host. */
function ping(address: string, source = ''): string {
  const script = `import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP); s.settimeout(1)
if '${source}': s.bind(('${source}', 0))
try:
    s.connect(('${address}', 0)); s.send(struct.pack('!BBHHH', 8, 0, 0xf7fd, 1, 1)); print('answered' if s.recv(99)[20] == 0 else 'refused')
except OSError as e: print('unanswered')`;
  return `/usr/bin/python3 -c '${script.replaceAll("'", `'\\''`)}'`;
}

describe.skipIf(!possible)(`a way out through the host by the helper (${needs})`, () => {
  let lab: NetworkLab;
  let before: string;
  let made: string;
  let helper: RawHelper;
  const helpers: RawHelper[] = [];
  const holders: Holder[] = [];

  beforeAll(async () => {
    lab = await makeNetworkLab();
    await onHost(`set -e; mount -t tmpfs -o mode=755 tmpfs /run; mkdir /run/mount; ip netns add behind
      ip link add eth1 type veth peer name eth0 netns behind; ip address add 10.88.0.1/24 dev eth1; ip link set eth1 up
      ip -n behind address add ${BEHIND}/24 dev eth0; ip -n behind link set eth0 up; ip -n behind route add default via 10.88.0.1`);
    await until('every address to be its own', async () => (await onHost('ip -6 address show tentative')) === '');
  });
  afterAll(() => lab.end());
  beforeEach(async () => {
    before = await onHost(TRACES);
    helper = start();
    await result(helper, 'netns/add', { name: N1.netns });
    made = await onHost(TRACES);
  });
  afterEach(async () => {
    const last = start();
    for (const holder of holders.splice(0)) await release(holder);
    for (const { at } of await uplinks(last)) await result(last, 'uplinks/delete', { at });
    const { names } = await result<{ names: readonly string[] }>(last, 'netns/list', {});
    for (const name of names) await result(last, 'netns/delete', { name });
    for (const one of helpers.splice(0)) await one.end();
    expect(await onHost(TRACES)).toBe(before);
  });

  async function onHost(line: string): Promise<string> {
    const [file = '', ...words] = lab.asHost;
    return (await execa(file, [...words, 'sh', '-c', line], { all: true, reject: false })).all;
  }

  const inNet = (name: string, line: string): Promise<string> =>
    onHost(`ip netns exec ${name} sh -c '${line.replaceAll("'", `'\\''`)}'`);
  const inN1 = (line: string): Promise<string> => inNet('test-n1', line);

  function start(env: Readonly<Record<string, string>> = FOR_USER, wrap: readonly string[] = []): RawHelper {
    const one = startRaw({ PATH: process.env.PATH ?? '', ...env }, [...lab.asHost, ...wrap]);
    helpers.push(one);
    return one;
  }

  async function uplinks(one: RawHelper): Promise<readonly UplinkState[]> {
    return (await result<{ uplinks: readonly UplinkState[] }>(one, 'uplinks/list', {})).uplinks;
  }

  async function add(wish: object = WISH, one = helper): Promise<UplinkState> {
    return (await result<{ uplink: UplinkState }>(one, 'uplinks/add', wish)).uplink;
  }

  /** Runs a server by these words, which says a line once it listens. */
  async function whileServing(words: readonly string[], use: () => Promise<void>): Promise<void> {
    const [file = '', ...rest] = words;
    const server = execa(file, rest, { reject: false, buffer: false, stdin: 'ignore' });
    await once(server.stdout, 'data');
    try {
      await use();
    } finally {
      server.kill('SIGKILL');
      await server;
    }
  }

  const serverInN1 = (port: number): readonly string[] => [
    ...lab.asHost,
    'ip',
    'netns',
    'exec',
    'test-n1',
    'sh',
    '-c',
    `exec ${answerOnce(port, INSIDE)}`,
  ];

  it('is one of ping, TCP and UDP, under the address of the host', async () => {
    const answer = await result(helper, 'uplinks/add', WISH);
    const uplink = {
      ...WISH,
      link: `uns${USER}-0`,
      table: `unshared_${USER}_0`,
      forwarding: ['eth0'],
      ending: ['eth0'],
    };
    expect(answer).toEqual({ uplink, dropped: false });
    expect(await uplinks(helper)).toEqual([uplink]);
    expect(await inN1(ping(LAB.external))).toBe('answered');
    expect(await inN1(ask('tcp', LAB.external))).toBe('world');
    expect(await inN1(ask('udp', LAB.external))).toBe('world');
    await whileServing([...lab.asWorld, '/usr/bin/python3', '-c', SAY_SOURCE], async () => {
      expect(await inN1(ask('tcp', LAB.external, 7001))).toBe(LAB.host);
    });
    await result(helper, 'uplinks/delete', { at: N1 });
    expect(await inN1(ask('tcp', LAB.external))).toBe('ENETUNREACH');
    expect(await onHost(TRACES)).toBe(made);
    await expect(result(helper, 'uplinks/delete', { at: N1 })).rejects.toThrow(/no way out that was made/);
  });

  it('is what the commands make that are shown before, and they take it away', async () => {
    const shown =
      'nft list ruleset; ip -br address; ip route; cat /proc/sys/net/ipv4/conf/*/forwarding; ip -n test-n1 -br address; ip -n test-n1 route';
    const plain = async (): Promise<string> =>
      (await onHost(shown)).replace(/@if\d+/g, '@if').replace(/fe80:\S+/g, 'fe80:');
    const uplink = await add();
    const byHelper = await plain();
    await result(helper, 'uplinks/delete', { at: N1 });
    const subnet = parseUplinkSubnet(SUBNET) ?? expect.fail();
    const ways = { ways: ['eth0'], forwarding: ['eth0'] };
    const near = { links: [`${LAB.host}/24`, '10.88.0.1/24'], gateways: [LAB.gateway] };
    const plan = {
      place: { name: 'n1', at: N1 },
      name: 'out',
      uplink: { uid: USER, number: 0, subnet },
      host: { ...ways, ...near },
    };
    expect(await onHost(`exec >/dev/null; ${connectCommands(plan).join('\n')}`)).toBe('');
    await until('the same', async () => (await plain()) === byHelper);
    expect(await inN1(ask('tcp', LAB.external))).toBe('world');
    await onHost(disconnectCommands(uplink).join('\n'));
    expect(await onHost(TRACES)).toBe(made);
  });

  it('does not lead to the host, to what is near it, or to its metadata', async () => {
    await add();
    const near = [LAB.host, '10.9.8.1', LAB.gateway, LAB.metadata, '10.88.0.1'];
    for (const address of near) {
      expect(await inN1(ask('tcp', address)), address).toBe('ECONNREFUSED');
      expect(await inN1(ask('tcp', address, 7000, 'out')), address).toBe('ECONNREFUSED');
      expect(await inN1(ask('udp', address)), address).not.toMatch(/host|world/);
      expect(await inN1(ping(address)), address).not.toBe('answered');
    }
    expect(await inN1(ping(BEHIND))).not.toBe('answered');
    await inN1('ip address add fd09::2/64 dev out nodad; ip -6 route add default via fe80::1 dev out');
    expect(await inN1(ask('tcp', LAB.external6))).not.toBe('world');
  });

  it('takes nothing under an address that is not of the subnet, and no router advertisement or redirect', async () => {
    await add();
    await inN1('ip address add 198.51.100.77/32 dev out');
    expect(await inN1(ping(LAB.external, INSIDE))).toBe('answered');
    expect(await inN1(ping(LAB.external, '198.51.100.77'))).toBe('unanswered');
    expect(await onHost('ip -6 address show dev uns47000-0; cat /proc/sys/net/ipv6/conf/uns47000-0/disable_ipv6')).toBe(
      '1',
    );
  });

  it('lets processes of its user in from the host, and nobody else who means somebody behind the router', async () => {
    await add();
    const asUser = (line: string): string => `setpriv --reuid ${USER} --regid ${USER} --clear-groups ${line}`;
    await whileServing(serverInN1(7002), async () => {
      expect(await onHost(ask('tcp', INSIDE, 7002))).toBe('ECONNREFUSED');
      expect(await onHost(asUser(ask('tcp', INSIDE, 7002)))).toBe('inside');
    });
  });

  it('gets nothing of a connection that others have begun, and cannot go on with it', async () => {
    await add();
    const there = '10.20.30.5';
    await lab.inWorld(`ip address add ${there}/32 dev lo`);
    await whileServing([...lab.asWorld, '/usr/bin/python3', '-c', echoAt(there)], async () => {
      const client = onHost(`exec /usr/bin/python3 -c '${talkTo(there)}'`);
      await until('it is connected', async () => (await onHost('cat /proc/net/tcp')).includes(':1C20 01 '));
      await result(helper, 'netns/add', { name: 'test-n2' });
      await add({ at: { netns: 'test-n2' }, name: 'out', subnet: '10.20.30.0/24' });
      await inNet('test-n2', `ip address add ${there}/24 dev out`);
      const heard = inNet('test-n2', packets(`print(any(b'password' in p for p in Wire('out').read(6)))`));
      expect(await client).toBe('refused');
      expect(await heard).toBe('False');
    });
    await lab.inWorld(`ip address delete ${there}/32 dev lo`);
  });

  it('sends nothing under its own addresses, and makes the host tell nobody else of it', async () => {
    await add();
    const seen = lab.inWorld(packets(HEAR_NEAR));
    const lines = `time.sleep(1); w = Wire('out'); host = hardware('10.9.8.1', 'out')
for flags in (4, 18): w.send(host, tcp('${INSIDE}', '${LAB.external}', 99, 98, 1, 1, flags))
w.send(host, udp('${LAB.gateway}', '${LAB.external}', 1, 2, b'hello', 1))`;
    await inN1(packets(lines));
    expect(await seen).toBe('set()');
  });

  it('takes no port at which a service of the host may be', async () => {
    await add();
    const at = (address: string, then: string): string => `exec /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("${address}", ${address === LAB.external ? 7005 : 5000})); s.settimeout(4); ${then}'`;
    const read = `
try: print(s.recv(99).decode())
except OSError: print("nothing")`;
    const service = onHost(at('0.0.0.0', read));
    await inN1(at(INSIDE, `s.sendto(b"x", ("${LAB.external}", 7005))`));
    await until('it listens', async () => (await onHost('cat /proc/net/udp')).includes(':1388 '));
    await lab.inWorld(at(LAB.external, `s.sendto(b"for the host", ("${LAB.host}", 5000))`));
    expect(await service).toBe('for the host');
  });

  it('is no way in, and no way through the host for anybody else', async () => {
    const through = ping(BEHIND);
    const forward = (name: string, on: 0 | 1): Promise<string> =>
      onHost(`echo ${on} >/proc/sys/net/ipv4/conf/${name}/forwarding`);
    await lab.inWorld(`ip route add 10.88.0.0/24 via ${LAB.host}; ip route add ${SUBNET} via ${LAB.host}`);
    await forward('eth1', 1);
    try {
      await forward('eth0', 1);
      expect(await lab.inWorld(through)).toBe('answered');
      await forward('eth0', 0);
      await add();
      expect(await onHost('cat /proc/sys/net/ipv4/conf/eth0/forwarding')).toBe('1');
      expect(await lab.inWorld(through)).toBe('unanswered');
      await whileServing(serverInN1(7003), async () => {
        expect(await lab.inWorld(ask('tcp', INSIDE, 7003))).toBe('timeout');
      });
      expect(await inN1(ask('tcp', LAB.external))).toBe('world');
    } finally {
      await forward('eth1', 0);
      await lab.inWorld(`ip route delete 10.88.0.0/24; ip route delete ${SUBNET}`);
    }
  });

  it('leaves forwarding as it was, or as somebody else has wanted it since', async () => {
    const state = (): Promise<string> => onHost('cat /proc/sys/net/ipv4/conf/eth0/forwarding');
    await onHost('echo 1 >/proc/sys/net/ipv4/conf/eth0/forwarding');
    expect((await add()).forwarding).toEqual([]);
    await result(helper, 'uplinks/delete', { at: N1 });
    expect(await state()).toBe('1');
    await onHost('echo 0 >/proc/sys/net/ipv4/conf/eth0/forwarding');
    await add();
    await onHost('echo 1 >/proc/sys/net/ipv4/ip_forward');
    await result(helper, 'uplinks/delete', { at: N1 });
    expect(await state()).toBe('1');
    await onHost('echo 0 >/proc/sys/net/ipv4/conf/eth0/forwarding');
    await add();
    await result(helper, 'uplinks/delete', { at: N1 });
    expect(await state()).toBe('0');
    await onHost('echo 0 >/proc/sys/net/ipv4/ip_forward');
  });

  it('shares forwarding with those of others, whom it does not reach, until the last is gone', async () => {
    const other = start(FOR_STRANGER);
    await result(other, 'netns/add', { name: 'test-n2' });
    const at = { netns: 'test-n2' };
    await add();
    const second = await add({ at, name: 'out', subnet: '10.9.9.0/30' }, other);
    expect(second).toMatchObject({ link: `uns${STRANGER}-0`, forwarding: ['eth0'], ending: [] });
    expect(await result(helper, 'uplinks/list', {})).toMatchObject({ forwarding: ['eth0'] });
    expect(await inN1(ping('10.9.9.2'))).not.toBe('answered');
    expect(await inNet('test-n2', ping(INSIDE))).not.toBe('answered');
    await expect(result(helper, 'uplinks/delete', { at })).rejects.toThrow(/no way out/);
    expect(await uplinks(helper)).toHaveLength(1);
    await result(helper, 'uplinks/delete', { at: N1 });
    expect(await inNet('test-n2', ask('tcp', LAB.external))).toBe('world');
    await result(other, 'uplinks/delete', { at });
    await result(other, 'netns/delete', { name: 'test-n2' });
    expect(await onHost(TRACES)).toBe(made);
  });

  it('shares no forwarding with one whose network has ended while nobody ran its helper', async () => {
    const other = start(FOR_STRANGER);
    const sandbox = await holdNamespaces(STRANGER, '--net');
    holders.push(sandbox);
    await add({ at: targetOf(sandbox), name: 'out', subnet: '10.9.9.0/30' }, other);
    await add();
    await other.end();
    await release(sandbox);
    await result(helper, 'uplinks/delete', { at: N1 });
    expect(await onHost('cat /proc/sys/net/ipv4/conf/eth0/forwarding')).toBe('0');
    await start(FOR_STRANGER).ask('netns/list', {});
    expect(await onHost(TRACES)).toBe(made);
  });

  it('is one of eight that a user may have', { timeout: patience(60_000) }, async () => {
    for (let number = 0; number < 9; number += 1) {
      await result(helper, 'netns/add', { name: `test-m${number}` });
      const adding = add({ at: { netns: `test-m${number}` }, name: 'out', subnet: `10.9.${number}.0/24` });
      if (number < 8) await adding;
      else await expect(adding).rejects.toThrow(/has 8 ways out already/);
    }
  });

  it('is refused where the subnet is somewhere already, and nothing is made', async () => {
    await onHost(
      'ip route add 10.66.0.0/16 via 10.77.0.1 table 77; ip link add port type bridge; ip address add 10.67.0.1/24 dev port',
    );
    const with77 = await onHost(TRACES);
    for (const subnet of ['10.77.0.0/24', '10.77.0.128/25', '10.88.0.0/30', '10.66.3.0/24', '10.67.0.0/24'])
      await expect(add({ ...WISH, subnet }), subnet).rejects.toThrow(/has a route or an address in .*choose another/);
    expect(await onHost(TRACES)).toBe(with77);
    await onHost('ip route flush table 77; ip link delete port');
  });

  it.each([
    [
      'this host has no way out',
      'ip route delete default',
      `ip route add default via ${LAB.gateway}`,
      /no default route itself/,
    ],
    [
      'the network has one',
      'ip -n test-n1 link set lo up; ip -n test-n1 route add default dev lo',
      'ip -n test-n1 link set lo down',
      /has a default route already/,
    ],
    [
      'the network has a link of that name',
      'ip -n test-n1 link add out type bridge',
      'ip -n test-n1 link delete out',
      /has a link out already/,
    ],
    [
      'the host has a link of its name',
      `ip link add uns${USER}-0 type bridge`,
      `ip link delete uns${USER}-0`,
      /not the helper's/,
    ],
  ])('is refused where %s, and nothing is made', async (_, prepare, undo, reason) => {
    await onHost(prepare);
    const prepared = await onHost(TRACES);
    await expect(add()).rejects.toThrow(reason);
    expect(await onHost(TRACES)).toBe(prepared);
    await onHost(undo);
  });

  it.each([
    ['there is no nft', 'mount --bind /dev/null "$(readlink -f /usr/sbin/nft)"', /^nft is not in/],
    [
      'nft refuses',
      'printf "#!/bin/sh\\necho no; exit 1" >/mnt/nft; chmod 755 /mnt/nft; mount --bind /mnt/nft "$(readlink -f /usr/sbin/nft)"',
      /^nft: /,
    ],
    [
      'the table of connections is full',
      'echo 999999999 >/mnt/nft; mount --bind /mnt/nft /proc/sys/net/netfilter/nf_conntrack_count',
      /no room for one more/,
    ],
    [
      'the table of connections is small, and comes only with the rules',
      [
        'mount -t tmpfs mine /mnt; cp "$(readlink -f /usr/sbin/nft)" /mnt/real',
        'echo 7680 >/mnt/max; mount --bind /mnt/max /proc/sys/net/netfilter/nf_conntrack_max',
        'echo 7 >/mnt/count; mount --bind /mnt/count /proc/sys/net/netfilter/nf_conntrack_count',
        'mount -t tmpfs mine /proc/sys/net/netfilter',
        'printf "#!/bin/sh\\numount /proc/sys/net/netfilter; exec /mnt/real \\"\\$@\\"" >/mnt/nft; chmod 755 /mnt/nft',
        'mount --bind /mnt/nft "$(readlink -f /usr/sbin/nft)"',
      ].join('; '),
      /raise the sysctl net\.netfilter\.nf_conntrack_max from 7680 to 11790$/,
    ],
    ['the kernel is closed', 'mount -o bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys', /EROFS/],
  ])('is not made where %s', async (_, prepare, reason) => {
    const wrap = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `${prepare}; exec "$@"`, 'sh'];
    await expect(add(WISH, start(FOR_USER, wrap))).rejects.toThrow(reason);
    await onHost('rm -f /mnt/nft');
    expect(await onHost(TRACES)).toBe(made);
  });

  it('takes no subnet but a private one of a fitting size, written as it is', async () => {
    const addresses = [
      '10.9.8.0',
      '10.9.8.0/23',
      '10.9.8.0/31',
      '10.9.8.1/24',
      '8.8.8.0/24',
      '127.0.0.0/24',
      '172.32.0.0/24',
    ];
    const words = [
      'fd00::/64',
      '10.9.8.0/24 }',
      '10.9.8.0/24\n',
      '0x0a.9.8.0/24',
      '010.9.8.0/24',
      '',
      1,
      null,
      ['10.9.8.0/24'],
    ];
    for (const subnet of [...addresses, ...words])
      await expect(add({ ...WISH, subnet }), String(subnet)).rejects.toThrow(/parameters of uplinks\/add are wrong/);
  });

  it('takes no name and no key but those that it knows', async () => {
    for (const name of ['out;', 'a'.repeat(16), '-x', 'a b', '..', 'a/b', '"'])
      await expect(add({ ...WISH, name })).rejects.toThrow(/are wrong/);
    for (const more of [{ link: 'eth0' }, { table: 'x' }, { number: 1 }, { host: 1 }, { forwarding: ['eth0'] }])
      await expect(add({ ...WISH, ...more })).rejects.toThrow(/are wrong/);
    expect(helper.seen.acts).toBe(1);
  });

  it("lets nobody else's network out, and not the host's", async () => {
    const own = await holdNamespaces(USER, '--net');
    const foreign = await holdNamespaces(STRANGER, '--net');
    const onHosts = await holdNamespaces(USER, '--uts');
    holders.push(own, foreign, onHosts);
    for (const at of [
      targetOf(foreign),
      targetOf(onHosts),
      { netns: 'behind' },
      { ...targetOf(own), startTime: own.startTime + 1 },
    ])
      await expect(add({ ...WISH, at })).rejects.toThrow(/not permitted|another one|no network namespace/);
    expect(await onHost(TRACES)).toBe(made);
  });

  it('is there for a sandbox, and ends with it', async () => {
    const sandbox = await holdNamespaces(USER, '--net');
    holders.push(sandbox);
    const at = targetOf(sandbox);
    await add({ ...WISH, at });
    expect(await inNetwork(sandbox, 'sh', '-c', ping(LAB.external))).toBe('answered');
    await release(sandbox);
    await result(helper, 'clean', {});
    expect(await onHost(TRACES)).toBe(made);
  });

  it('ends with its network, however that is deleted', async () => {
    await add();
    await result(helper, 'netns/delete', { name: N1.netns });
    expect(await onHost(TRACES)).toBe(before);
    await result(helper, 'netns/add', { name: N1.netns });
    await add();
    await onHost('ip netns delete test-n1');
    await result(helper, 'clean', {});
    expect(await onHost(TRACES)).toBe(before);
  });

  it('is taken away also where its user has hidden the other end, and where somebody has flushed the rules', async () => {
    await add();
    await onHost('ip -n test-n1 link set out down; ip -n test-n1 link set out name lost netns behind');
    await result(helper, 'uplinks/delete', { at: N1 });
    expect(await onHost(TRACES)).toBe(made);
    await add();
    await onHost('ip -n test-n1 link delete out');
    await start().ask('netns/list', {});
    expect(await onHost(TRACES)).toBe(made);
    await add();
    await onHost('nft flush ruleset');
    await start().ask('netns/list', {});
    expect(await onHost(TRACES)).toBe(made);
  });

  it('is closed by both verbs of the same helper where somebody has flushed the rules', async () => {
    const [toHost, toWorld] = [ask('tcp', LAB.host), ask('tcp', LAB.external)];
    await add();
    await onHost('nft flush ruleset');
    expect(await uplinks(helper)).toHaveLength(1);
    await result(helper, 'uplinks/delete', { at: N1 });
    expect(await onHost(TRACES)).toBe(made);
    await add();
    await onHost('nft flush ruleset');
    expect(await inN1(toHost)).toBe('host');
    await add();
    expect(await uplinks(helper)).toHaveLength(1);
    expect(await inN1(toHost)).toBe('ECONNREFUSED');
    expect(await inN1(toWorld)).toBe('world');
  });

  it('has no more than 1,024 connections at the same time', async () => {
    await add();
    const many = `import socket
for port in range(10000, 11100):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setblocking(0)
    try: s.connect(('${LAB.external}', port)); s.send(b'x')
    except OSError: pass
    s.close()`;
    await inN1(`/usr/bin/python3 -c "${many}"`);
    expect(await inN1(ask('tcp', LAB.external))).toBe('ECONNREFUSED');
  });

  it('begins no more than 32 in a second once it has begun as many, because those that have ended are still in the table', async () => {
    await add();
    const inTurn = `import socket
made = 0
for _ in range(4000):
    s = socket.socket()
    try: s.connect(('${LAB.external}', 7000)); made += 1
    except OSError: pass
    s.close()
print(made)`;
    const made = Number(await inN1(`/usr/bin/python3 -c "${inTurn}"`));
    expect(made).toBeGreaterThanOrEqual(1024);
    expect(made).toBeLessThan(3000);
    const tracked = Number(await onHost('cat /proc/sys/net/netfilter/nf_conntrack_count'));
    expect(tracked).toBeLessThanOrEqual(MOST_TRACKED);
  });

  it.each([
    ['drops by its policy', 'ip test', 'priority 0; policy drop;'],
    ['is of firewalld, and refuses by its last rule', 'inet firewalld', 'priority 10; policy accept; reject;'],
  ])('says where a firewall of the host %s', async (_, table, chain) => {
    await onHost(`nft 'table ${table} { chain filter_FORWARD { type filter hook forward ${chain} }; }'`);
    expect(await result(helper, 'uplinks/add', WISH)).toMatchObject({ dropped: true });
    expect(await inN1(ping(LAB.external))).not.toBe('answered');
    await onHost(`nft delete table ${table}`);
  });

  it.skipIf(!hasStrace).each([
    ['made', 'uplinks/add', WISH],
    ['removed', 'uplinks/delete', { at: N1 }],
    ['removed with its network', 'netns/delete', { name: N1.netns }],
  ] as const)(
    'leaves nothing where the helper is killed at any step while it is %s (needs strace)',
    { timeout: patience(300_000) },
    async (_, verb, params) => {
      await result(helper, 'netns/delete', { name: N1.netns });
      let killed = 0;
      for (const call of [['clone'], ['unlink'], ['write', '-P', NOTE]]) {
        let step = 1;
        while (!(await survives(verb, params, { call, step }))) step += 1;
        killed += step - 1;
      }
      expect(killed).toBeGreaterThan(verb === 'uplinks/add' ? 15 : 8);
    },
  );

  /** Whether a helper does its work that is killed where it makes that call the so-manieth time. Another one removes what it has left. */
  async function survives(
    verb: string,
    params: object,
    { call: [call = '', ...more], step }: { readonly call: readonly string[]; readonly step: number },
  ): Promise<boolean> {
    const first = startAlone();
    await result(first, 'netns/add', { name: N1.netns });
    if (verb !== 'uplinks/add') await add(WISH, first);
    await first.end();
    const kill = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${step}`, ...more];
    const victim = startAlone(['strace', '-qq', '-o', '/dev/null', ...kill, '--']);
    const answer = await victim.ask(verb, params).catch(() => undefined);
    await victim.end();
    const next = startAlone();
    for (const { at } of await uplinks(next)) await result(next, 'uplinks/delete', { at });
    await next.ask('netns/delete', { name: N1.netns });
    await next.end();
    expect(await onHost(TRACES), `killed at ${call} ${step}`).toBe(before);
    expect(answer?.error).toBeUndefined();
    return answer !== undefined;
  }

  function startAlone(wrap: readonly string[] = []): RawHelper {
    return startRaw({ PATH: process.env.PATH ?? '', ...FOR_USER }, [...lab.asHost, ...wrap]);
  }
});
