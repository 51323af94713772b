import { execa } from 'execa';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTimeOf } from '../../src/discovery/pin.ts';
import { findProgram } from '../../src/host/programs.ts';
import type { Sandbox } from '../../src/model/sandbox.ts';
import { answerOnce, ask } from '../support/ask.ts';
import { hubs, ping, writeLab } from '../support/labs.ts';
import {
  EMBEDDED,
  expectRefusal,
  EXTERNAL_BY_NAT64,
  LAB,
  makeNetworkLab,
  type NetworkLab,
} from '../support/network-lab.ts';
import { packets } from '../support/packets.ts';
import { CALLERS, isRoot, makeCaller, sandboxFolders, type Caller } from '../support/unshared.ts';
import { hidden, instead } from '../support/surroundings.ts';
import { until } from '../support/until.ts';
import { waysOut } from '../support/ways-out.ts';

const missing = ['pasta', 'nft', 'ip', 'flock', 'busybox', 'python3'].filter((name) => findProgram(name) === undefined);
const possible = isRoot && missing.length === 0;
const needs = isRoot ? `needs ${missing.join(', ') || 'nothing more'}` : 'needs root';

const STAYS = { workspace: 'none', lifetime: 'untilStopped' } as const;
const LEARN = { ...STAYS, extends: 'learn' } as const;
const FILE = {
  profiles: {
    one: { ...STAYS, networks: { out: '10.0.0.1/24' } },
    two: { ...LEARN, networks: { out: '10.0.0.2/24' } },
    more: { ...STAYS, networks: { out: 'auto' } },
    plain: { workspace: 'none' },
    once: { workspace: 'none', networks: { out: 'auto' } },
    apart: { workspace: 'none', networks: { closed: 'auto' } },
    second: { ...LEARN, networks: { second: '10.5.0.1/24' } },
    closed: { ...LEARN, networks: { closed: '10.1.0.1/24' } },
    lone: { ...LEARN, networks: { lone: 'auto' } },
    near: { ...STAYS, networks: { near: 'auto' } },
    slow: { ...STAYS, networks: { slow: 'auto' } },
    web: {
      ...STAYS,
      networks: {
        out: {
          address: '10.0.0.9',
          publish: ['8180:80', '0.0.0.0:8181:81', '[::]:8182:82', '5301:5301/udp', '0.0.0.0:5302:54/udp'],
          hostPorts: [7000],
        },
      },
    },
    closedWeb: {
      ...STAYS,
      forwarding: true,
      networks: { closed: { address: '10.1.0.9', publish: ['8190:80', '0.0.0.0:8191:81'], hostPorts: [7000] } },
    },
    openWeb: { ...LEARN, networks: { out: { publish: ['8195:80'] } } },
  },
  networks: {
    out: { subnet: ['10.0.0.0/24', 'fd00:5::/64'], internet: true },
    second: { subnet: ['10.5.0.0/24', 'fd00:6::/64'], internet: true },
    closed: { subnet: ['10.1.0.0/24', 'fd00:7::/64'] },
    lone: { subnet: '10.6.0.0/24', internet: true, isolated: true },
    near: { subnet: '10.77.0.0/16', internet: true },
    slow: { subnet: '10.7.0.0/24', rate: '1mbit' },
  },
};

const HUB = '10.0.0.254';
const HUB6 = 'fd00:5::ffff:ffff:ffff:ffff';

describe.skipIf(!possible).each(CALLERS)(`the internet of a lab of %s (${needs})`, (name) => {
  let lab: NetworkLab;
  let caller: Caller;
  beforeAll(async () => {
    lab = await makeNetworkLab();
    caller = makeCaller(name);
    await writeLab(caller, FILE);
  });
  afterEach(async () => {
    for (const id of sandboxFolders(caller)) await lab.unshared(caller, ['stop', id]);
    await until(
      'the hub has ended, and its way out',
      async () => (await hubs(caller)).length === 0 && left().length === 0,
    );
    expect(sandboxFolders(caller)).toEqual([]);
  });
  afterAll(async () => {
    await lab.end();
    caller.remove();
  });

  async function started(profile: string): Promise<Sandbox> {
    const before = new Set(sandboxFolders(caller));
    const { exitCode, stderr } = await lab.unshared(caller, ['run', '--profile', profile, '--', 'true']);
    expect(exitCode, stderr).toBe(0);
    const { stdout } = await lab.unshared(caller, ['list', '--json']);
    const sandbox = (JSON.parse(stdout) as Sandbox[]).find((one) => one.profile === profile && !before.has(one.id));
    return sandbox ?? expect.fail(`no sandbox of ${profile} runs`);
  }

  async function said({ id }: Sandbox, ...lines: readonly string[]): Promise<readonly string[]> {
    const { stdout } = await lab.unshared(caller, ['enter', id, '--', 'sh', '-c', lines.join('\n')]);
    return stdout.split('\n');
  }

  const ways = (): readonly number[] => waysOut(caller);
  /** Processes of this caller's lab: the way out, and what waits for the end of the hub. */
  const left = (): readonly number[] => [
    ...ways(),
    ...commandLines()
      .filter(([, line]) => line.includes(`${caller.runtime}/.labs/`))
      .map(([pid]) => Number(pid)),
  ];

  /** The address of the hub's own in a network, which nobody in it can know. */
  async function hardwareInHub(network: string): Promise<string> {
    const [hub = 0] = await hubs(caller);
    const words = [`--net=/proc/${hub}/ns/net`, 'ip', '-j', 'link', 'show', 'dev', network];
    const [link] = JSON.parse((await execa('nsenter', words)).stdout) as readonly { readonly address: string }[];
    return link?.address ?? expect.fail(`the hub has no ${network}`);
  }

  const serving = async (sandbox: Sandbox, ports: readonly (readonly [number, string])[]): Promise<() => void> => {
    const loops = ports.map(([port, address]) => `while ${answerOnce(port, address)}; do :; done &`);
    const running = lab.start(caller, ['enter', sandbox.id, '--', 'sh', '-c', [...loops, 'wait'].join('\n')]);
    let text = '';
    running.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await until('it answers', () => text.split('answering').length > ports.length);
    return () => running.kill('SIGTERM');
  };

  it('is reached from two sandboxes by TCP, UDP, IPv6, by names and by ping, through one way out', async () => {
    const all = [await started('one'), await started('two')];
    const asked = [
      ask('tcp', LAB.external),
      ask('udp', LAB.external),
      ask('tcp', LAB.external6),
      ask('tcp', 'example.org'),
    ];
    for (const sandbox of all) {
      expect(await said(sandbox, ...asked)).toEqual(Array(4).fill('world'));
      expect(await said(sandbox, ping(LAB.external), ping(LAB.external6))).toEqual(['reached', 'reached']);
      expect(sandbox.lab?.internet).toBe(true);
    }
    expect(ways()).toHaveLength(1);
    const [one] = all;
    expect(one && (await said(one, ping('two'), ping('10.0.0.2')))).toEqual(['reached', 'reached']);
    const { stdout } = await lab.unshared(caller, ['lab', 'list']);
    expect(stdout).toMatch(/out +10\.0\.0\.0\/24 fd00:5::\/64 +internet +one-/);
  });

  it('is not the machine, its gateway, a metadata address or the hub, bound to the device or not', async () => {
    const [one, two] = [await started('one'), await started('two')];
    await started('second');
    const near = ['127.0.0.1', LAB.host, LAB.gateway, LAB.gateway6, LAB.metadata, LAB.metadata6];
    const hub = [HUB, HUB6, '10.5.0.254', 'fd00:6::ffff:ffff:ffff:ffff', '10.5.0.1', 'fd00:6::1'];
    for (const sandbox of [one, two]) {
      const all = [...near, ...hub];
      expect(await said(sandbox, ...all.map((address) => ask('tcp', address)))).toEqual(all.map(() => 'ECONNREFUSED'));
      const bound = all.slice(1);
      expect(await said(sandbox, ...bound.map((address) => ask('tcp', address, 7000, 'eth0')))).toEqual(
        bound.map(() => 'ECONNREFUSED'),
      );
      const answers = await said(sandbox, ...all.map((address) => ask('udp', address)));
      expect(answers.filter((answer) => answer === 'world' || answer === 'host')).toEqual([]);
    }
    expect(await said(two, ask('tcp', LAB.external, 7000, 'eth0'), ping(HUB))).toEqual(['world', 'lost']);
  });

  it('is not one of these, either, under an address of IPv6 that leads to it', async () => {
    const two = await started('two');
    const asked = [...EMBEDDED, EXTERNAL_BY_NAT64].map((address) => ask('tcp', address));
    expect(await said(two, ...asked)).toEqual([...EMBEDDED.map(() => 'ECONNREFUSED'), 'world']);
    const answers = await said(two, ...EMBEDDED.map((address) => ask('udp', address)));
    expect(answers.filter((answer) => answer === 'world' || answer === 'host')).toEqual([]);
  });

  it('is not got by addresses, routes and neighbours of one’s own', async () => {
    const [one, two] = [await started('one'), await started('two')];
    const second = await started('second');
    const closed = await started('closed');
    const stop = await serving(second, [[80, '10.5.0.1']]);
    const hardware = await hardwareInHub('closed');
    const routes = [
      'ip route add 10.0.0.254 dev eth0',
      'ip route replace default via 10.0.0.254 dev eth0',
      `ip neigh replace 10.0.0.254 lladdr ${hardware} dev eth0`,
      atOnce(ask('tcp', LAB.external), ask('tcp', LAB.gateway)),
      // as a sandbox of the other network
      'ip addr add 10.0.0.77/32 dev eth0; ip route replace default via 10.0.0.254 dev eth0 src 10.0.0.77',
      atOnce(ask('tcp', LAB.external), ask('tcp', '10.0.0.1', 80), ask('tcp', '10.5.0.1', 80)),
    ];
    expect((await said(closed, ...routes)).filter((line) => !/timeout|EHOSTUNREACH|ENETUNREACH/.test(line))).toEqual(
      [],
    );
    const spoofed = [
      'ip addr add 10.5.0.77/32 dev eth0; ip addr add 10.77.0.50/32 dev eth0',
      ...['10.5.0.77', '10.77.0.50'].flatMap((source) => [
        `ip route replace default via ${HUB} dev eth0 src ${source}`,
        atOnce(ask('tcp', LAB.external), ask('tcp', LAB.gateway), ask('tcp', '10.5.0.1', 80)),
      ]),
    ];
    expect(await said(two, ...spoofed)).toEqual(Array(6).fill('timeout'));
    // What the other network gets for it is nothing either; what it asks for itself, it gets.
    const hearing = lab.start(caller, ['enter', second.id, '--', 'sh', '-c', HEAR_THEN_ASK]);
    await until('it listens', async () => (await said(second, 'cat /proc/net/udp')).join().includes(`:${hex(9000)} `));
    await said(two, 'ip addr add 10.5.0.1/32 dev eth0', sendFrom('10.5.0.1', 9000, LAB.external, 7000));
    expect((await hearing).stdout.split('\n')).toEqual(['nothing', 'world']);
    expect(await said(one, ask('tcp', LAB.external), 'nft flush ruleset 2>&1 | grep -c permitted')).toEqual([
      'world',
      '1',
    ]);
    expect(
      await said(two, `ip route replace default via ${HUB} dev eth0`, 'nft flush ruleset', ask('tcp', LAB.gateway)),
    ).toEqual(['ECONNREFUSED']);
    stop();
  });

  it('is not the machine under an address of IPv4 that is written as one of IPv6', async () => {
    const two = await started('two');
    const listening = lab.onHost(`exec /usr/bin/python3 -c '${ACCEPT}'`);
    await until('it listens', async () => (await lab.onHost('cat /proc/net/tcp')).includes(`:${hex(7101)} `));
    const lines = `w = Wire('eth0'); hub = hardware('${HUB6}', 'eth0'); ends = 'fd00:5::2', '::ffff:127.0.0.1', 5555, 7101
w.send(hub, tcp(*ends, 1000, 0, 2)); time.sleep(0.5)
for _ in range(3): w.send(hub, tcp(*ends, 1001, 1, 24, b'hello')); time.sleep(0.3)`;
    await said(two, packets(lines));
    expect(await listening).toBe('nobody');
  });

  it('tells nobody of another network what a packet of a wrong source was', async () => {
    const [two, second] = [await started('two'), await started('second')];
    const hear = packets(`print('listening', any(b'SECRET' in p for p in Wire('eth0').read(5)))`);
    const hearing = said(second, hear);
    const wire = "w = Wire('eth0'); time.sleep(1)";
    const send = [
      [HUB6, 'fd00:6::1', LAB.external6],
      [HUB, '10.5.0.1', LAB.external],
    ].map(([hub, from, to]) => `w.send(hardware('${hub}', 'eth0'), udp('${from}', '${to}', 1, 2, b'SECRET', 1))`);
    await said(two, packets([wire, ...send].join('\n')));
    expect(await hearing).toEqual(['listening False']);
  });

  it('takes no routes from a sandbox, also where it came before the way out', async () => {
    const closed = await started('closed');
    const lines = `w = Wire('eth0'); ends = 'fe80::1', 'ff02::1'
prefix = struct.pack('!BBBBIII', 3, 4, 65, 128, 9999, 9999, 0) + raw('fd00:5::')
told = struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0) + prefix
w.send(bytes.fromhex('333300000001'), packet(*ends, 58, summed(*ends, 58, told, 2), 255)); time.sleep(0.5)`;
    await said(closed, packets(lines));
    const one = await started('one');
    expect(await said(one, ask('tcp', LAB.external6), ask('udp', LAB.external6))).toEqual(['world', 'world']);
  });

  it('is not the machine by an address of its loopback, or of a link on which nobody is', async () => {
    const near = ['172.31.9.1', '172.31.8.1', 'fd98::1'];
    const changed = (verb: 'add' | 'del'): string =>
      near.map((address, at) => `ip addr ${verb} ${address} dev ${at === 0 ? 'port' : 'lo'}`).join('; ');
    await lab.onHost(`ip link add port type veth peer name other; ${changed('add')}; ip link set port up`);
    const one = await started('one');
    const answers = await said(one, ...near.map((address) => ask('tcp', address)));
    await lab.onHost(`${changed('del')}; ip link del port`);
    expect(answers).toEqual(near.map(() => 'ECONNREFUSED'));
  });

  it('stays closed to the machine where another sandbox was started while that was offline', async () => {
    const one = await started('one');
    await lab.onHost('ip link set eth0 down');
    await started('more');
    const back = 'ip link set eth0 up; ip addr add fd77::2/64 dev eth0 nodad';
    await lab.onHost([back, LAB.gateway, LAB.gateway6].join('; ip route add default via '));
    expect(await said(one, ...[LAB.external, LAB.gateway, LAB.host].map((address) => ask('tcp', address)))).toEqual([
      'world',
      'ECONNREFUSED',
      'ECONNREFUSED',
    ]);
  });

  it('is there for none of a network without it in the same lab, and leads from no network to another', async () => {
    const closed = await started('closed');
    const two = await started('two');
    const stop = await serving(closed, [[80, '10.1.0.1']]);
    expect(await said(closed, ask('tcp', LAB.external), ask('tcp', LAB.external6))).toEqual([
      'ENETUNREACH',
      'ENETUNREACH',
    ]);
    expect(await said(two, ask('tcp', '10.1.0.1', 80), ask('tcp', 'fd00:7::1', 80))).not.toContain('inside');
    stop();
  });

  it('keeps sandboxes of an isolated network apart', async () => {
    const [one, other] = [await started('lone'), await started('lone')];
    const address = other.lab?.interfaces[0]?.addresses[0]?.split('/')[0] ?? '';
    expect(await said(one, ask('tcp', LAB.external), ping(address))).toEqual(['world', 'lost']);
    const around = [`ip route add ${address} via 10.6.0.254`, ping(address), ask('tcp', address)];
    expect(await said(one, ...around)).toEqual(['lost', 'ECONNREFUSED']);
  });

  it('ports lead in and out beside it, by TCP and UDP, and no other', async () => {
    const web = await started('web');
    const stop = await serving(web, [
      [80, '127.0.0.1'],
      [81, '0.0.0.0'],
      [82, '::'],
    ]);
    expect(web.network.publish).toHaveLength(5);
    expect(await lab.onHost(ask('tcp', '127.0.0.1', 8180))).toBe('inside');
    expect(await lab.onHost(ask('tcp', '::1', 8182))).toBe('inside');
    for (const [address, port] of [
      [LAB.host, 8181],
      ['fd77::2', 8182],
    ] as const)
      await until('an answer', async () => (await lab.inWorld(ask('tcp', address, port))) === 'inside', 30);
    expect(await lab.inWorld(ask('tcp', LAB.host, 8180))).toBe('ECONNREFUSED');
    expect(await said(web, ask('tcp', '127.0.0.1'), ask('tcp', LAB.host), ask('tcp', LAB.external))).toEqual([
      'host',
      'ECONNREFUSED',
      'world',
    ]);
    for (const [port, asking] of [
      // With other numbers inside, pasta of 2023 loses the answer of a datagram that came by the loopback.
      [5301, () => lab.onHost(ask('udp', '127.0.0.1', 5301))],
      [54, () => lab.inWorld(ask('udp', LAB.host, 5302))],
    ] as const) {
      const answering = lab.start(caller, ['enter', web.id, '--', 'sh', '-c', answerUdp(port)]);
      await until('it listens', async () => (await said(web, 'cat /proc/net/udp')).join().includes(`:${hex(port)} `));
      expect(await asking()).toBe('inside');
      await answering;
    }
    const near = [LAB.external, LAB.gateway, LAB.metadata, '203.0.113.1'];
    expect(await said(web, ...near.map((address) => ask('tcp', address, 7000, 'ports')))).toEqual(
      near.map(() => 'ECONNREFUSED'),
    );
    stop();
  });

  it('ports lead in and out without it, and nobody else of the lab gets at them', async () => {
    const [web, closed] = [await started('closedWeb'), await started('closed')];
    const stop = await serving(web, [
      [80, '127.0.0.1'],
      [81, '0.0.0.0'],
    ]);
    expect(await lab.onHost(ask('tcp', '127.0.0.1', 8190))).toBe('inside');
    await until('an answer', async () => (await lab.inWorld(ask('tcp', LAB.host, 8191))) === 'inside', 30);
    expect(await said(web, ask('tcp', '127.0.0.1'), ask('tcp', LAB.external), ask('tcp', 'closed', 80))).toEqual([
      'host',
      'ENETUNREACH',
      'ECONNREFUSED',
    ]);
    const through = ['203.0.113.1', LAB.external, LAB.gateway];
    const answers = await said(
      closed,
      ask('tcp', '10.1.0.9'),
      'ip route replace default via 10.1.0.9',
      ...through.map((address) => ask('tcp', address)),
    );
    expect(answers[0]).toBe('ECONNREFUSED');
    expect(answers.filter((answer) => answer === 'world' || answer === 'host')).toEqual([]);
    const answering = lab.start(caller, ['enter', web.id, '--', 'sh', '-c', ECHO]);
    await until('it listens', async () => (await said(web, 'cat /proc/net/udp')).join().includes(`:${hex(9000)} `));
    const asOther = 'ip route add 203.0.113.2 via 10.1.0.9; ip addr add 10.77.0.1/32 dev eth0';
    await said(closed, asOther, sendFrom(LAB.gateway, 7000, '203.0.113.2', 9000));
    expect((await answering).stdout.split('\n')).toEqual(["b'hello'"]);
    const { stdout } = await lab.unshared(caller, ['lab', 'list']);
    expect(stdout).toMatch(/closed .* - +closedweb-\w+ .* 8190:80 0\.0\.0\.0:8191:81 out:7000$/m);
    stop();
  });

  it('outlasts none of those that were killed, and is made again', async () => {
    const one = await started('one');
    const [way = 0] = ways();
    process.kill(way, 'SIGKILL');
    await until('it is gone', () => ways().length === 0);
    expect(await said(one, ask('tcp', LAB.external))).not.toContain('world');
    const two = await started('two');
    expect(await said(one, ask('tcp', LAB.external), ask('tcp', LAB.gateway))).toEqual(['world', 'ECONNREFUSED']);
    expect(ways()).toHaveLength(1);
    const [hub = 0] = await hubs(caller);
    process.kill(hub, 'SIGKILL');
    await until('the way out has ended with its hub', () => left().length === 0);
    await until('its links are gone', async () => (await said(one, 'ls /sys/class/net')).join() === 'lo');
    const more = await started('more');
    expect(await said(more, ask('tcp', LAB.external))).toEqual(['world']);
    expect(two.lab?.hub).not.toEqual(more.lab?.hub);
  });

  it('leaves nothing when the launcher is killed, nor when all that would end it is', async () => {
    const running = lab.start(caller, ['run', '--profile', 'once', '--', 'sh', '-c', 'echo answering; exec sleep 30']);
    await new Promise((resolve) => running.stdout.once('data', resolve));
    expect(ways()).toHaveLength(1);
    running.kill('SIGKILL');
    await until('all has ended', () => left().length === 0);
    for (const next of ['second', 'plain']) {
      const { pid } = await started('one');
      const [hub, way] = [await hubs(caller), ways()];
      const waiting = left().filter((one) => !hub.includes(one) && !way.includes(one));
      await killAll(waiting); // before the end of the hub, which they wait for
      await killAll([...hub, pid]);
      const [last = 0] = way;
      const since = startTimeOf(last);
      const ends = async (): Promise<boolean> => {
        await lab.unshared(caller, ['run', '--profile', next, '--', 'true']);
        return startTimeOf(last) !== since;
      };
      expect(since).toBeDefined();
      await until(`a start of ${next} has ended it`, ends, 30); // what may be another start is not swept at once
      for (const id of sandboxFolders(caller)) await lab.unshared(caller, ['stop', id]);
    }
  });

  it('is missing while the machine is offline, which is said, and comes with the next start', async () => {
    const routes = [`default via ${LAB.gateway}`, `default via ${LAB.gateway6}`];
    await lab.onHost(routes.map((route) => `ip route del ${route}`).join('; '));
    const { exitCode, stderr } = await lab.unshared(caller, ['run', '--profile', 'one', '--', 'true']);
    const ports = await lab.unshared(caller, ['run', '--profile', 'web', '--', 'true']);
    await lab.onHost(routes.map((route) => `ip route add ${route}`).join('; '));
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('no route to the internet now')]);
    expect(ports.stderr).toContain('"publish" and "hostPorts" cannot be forwarded');
    expect(ways()).toEqual([]);
    const two = await started('two');
    expect(await said(two, ask('tcp', LAB.external), ask('tcp', LAB.gateway))).toEqual(['world', 'ECONNREFUSED']);
  });

  it('is there for those who have it, and for nobody else, when all start at once', async () => {
    const asks = async (profile: string): Promise<string> => {
      const line = ask('tcp', LAB.external);
      const { stdout, stderr } = await lab.unshared(caller, ['run', '--profile', profile, '--', 'sh', '-c', line]);
      return `${profile}: ${stdout || stderr}`; // a sandbox that runs may say there what limits it lacks
    };
    const profiles = ['once', 'apart', 'once', 'apart'];
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all((round % 2 === 0 ? profiles : profiles.toReversed()).map(asks));
      const right = ['apart: ENETUNREACH', 'apart: ENETUNREACH', 'once: world', 'once: world'];
      expect(answers.toSorted()).toEqual(right);
      await until('the hub has ended', async () => (await hubs(caller)).length === 0);
    }
  });

  it('is not given to a network while it is in use without', async () => {
    const closed = await started('closed');
    await writeLab(caller, {
      ...FILE,
      networks: { ...FILE.networks, closed: { ...FILE.networks.closed, internet: true } },
    });
    const { stderr } = await lab.unshared(caller, ['run', '--profile', 'closedWeb', '--', 'true']);
    const two = await started('two');
    await writeLab(caller, FILE);
    expect(stderr).toContain(`was changed. Stop first: ${closed.id}.`);
    expect(two.lab?.internet).toBe(true);
    const line = 'ip route add 10.1.0.254 dev eth0; ip route replace default via 10.1.0.254 dev eth0';
    expect(await said(closed, line, ask('tcp', LAB.external))).not.toContain('world');
  });

  it('shows its script', async () => {
    const { stdout } = await lab.unshared(caller, ['script', '--profile', 'one', '--lab']);
    expect(stdout).toContain('type filter hook forward priority filter; policy drop;');
    const one = await started('one');
    const running = await lab.unshared(caller, ['script', one.id, '--lab']);
    expect(running.stdout.trim()).toBe(stdout.trim());
  });

  it.each([
    ['without pasta', hidden('pasta'), 'one', 'apt install passt'],
    ['without nft', hidden('nft'), 'one', 'apt install nftables'],
    ['where tun is closed', 'chmod 600 /dev/net/tun', 'one', '/dev/net/tun, which cannot be used'],
    ['where pasta fails', FAILING_PASTA, 'one', 'could not be set up: it broke'],
    ['where the kernel refuses a rule', FAILING_NFT, 'one', 'No such file or directory. To start without'],
    ['without tc, where a network is slow', hidden('tc'), 'slow', 'The program tc is missing.'],
    ['where IPv6 is off', NO_IPV6, 'closed', 'IPv6 is off in this kernel'],
    ['in a network of this machine', '', 'near', 'overlaps the network of 10.77.0.2/24'],
    ['with ports and all capabilities', '', 'openWeb', 'leave "publish" and "hostPorts" out'],
  ])('fails in one sentence and leaves nothing %s', async (_, before, profile, sentence) => {
    await expectRefusal(lab, caller, { before, profile, sentence });
    await until('no hub', async () => (await hubs(caller)).length === 0 && left().length === 0);
    expect(sandboxFolders(caller)).toEqual([]);
  });
});

/** As on a kernel without it: that file is not there. The shell becomes the program. */
const NO_IPV6 = 'mount -t tmpfs -o mode=755 tmpfs /proc/$$/net';

/** It knows its options, and ends. AppArmor has no profile for one in this place. */
const FAILING_PASTA = `mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin; cd /usr/local/sbin; printf '%s\\n' '#!/bin/sh' \\
'case $* in *--help) ;; *) echo "it broke" >&2; exit 1 ;; esac' >pasta; chmod 755 pasta`;

/** It gives the kernel a rule for a table that is not there. */
const FAILING_NFT = `mount -t tmpfs -o mode=755 tmpfs /opt; T=/opt
${instead('nft', 'echo "add rule inet none none accept" | exec "$REAL" -f -')}`;

/** Answers what comes to port 9000 of the link of the ports, and prints it, until nothing has come for two seconds. */
const ECHO = `exec /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("203.0.113.2", 9000)); s.settimeout(15)
try:
    while 1: d, who = s.recvfrom(99); s.settimeout(2); print(d); s.sendto(d, who)
except OSError: pass'`;

/** Whether anybody connects to a port of the loopback within six seconds. */
const ACCEPT = `import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", 7101)); s.listen(); s.settimeout(6)
try: c, _ = s.accept(); c.settimeout(2); print("accepted"); print(c.recv(99))
except OSError: print("nobody")`;

/** Whether anything comes to port 9000 within four seconds; then asks from there, and prints the answer. */
const HEAR_THEN_ASK = `exec /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("10.5.0.1", 9000)); s.settimeout(4)
def heard():
    try: return s.recv(99).decode().strip()
    except OSError: return "nothing"
print(heard()); s.sendto(b"hello", ("${LAB.external}", 7000)); print(heard())'`;

/** One datagram from an address and a port. */
const sendFrom = (from: string, port: number, to: string, at: number): string => `/usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("${from}", ${port})); s.sendto(b"hello", ("${to}", ${at}))'`;

async function killAll(pids: readonly number[]): Promise<void> {
  await execa('kill', ['-KILL', ...pids.map(String)], { reject: false }); // one may end with another
  await until('they are gone', () => pids.every((pid) => startTimeOf(pid) === undefined));
}

/** As /proc/net/udp has it. */
const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/** What cannot be answered takes its time. */
const atOnce = (...lines: readonly string[]): string => `${lines.map((line) => `${line} &`).join(' ')} wait`;

/** Answers one datagram. */
function answerUdp(port: number): string {
  return `exec /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", ${port})); s.settimeout(15)
_, who = s.recvfrom(99); s.sendto(b"inside", who)'`;
}

function commandLines(): readonly (readonly [string, string])[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .map((pid) => [pid, commandLine(pid)] as const);
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
