import { readFileSync } from 'node:fs';
import { execa, execaSync } from 'execa';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { loadProfiles } from '../../src/profile/load.ts';
import { startTimeOf } from '../../src/discovery/pin.ts';
import type { Sandbox } from '../../src/model/sandbox.ts';
import { answerOnce, ask } from '../support/ask.ts';
import { hubs, inSandbox, ping, started, writeLab } from '../support/labs.ts';
import { hidden, surroundings, unsharedIn } from '../support/surroundings.ts';
import {
  ALL_CALLERS,
  CALLERS,
  isRoot,
  makeCaller,
  running,
  sandboxFolders,
  type Caller,
  type Finished,
} from '../support/unshared.ts';
import { until } from '../support/until.ts';

const missing = ['busybox', 'python3', 'flock', 'ip'].filter((name) => findProgram(name) === undefined);
const needs = `needs ${missing.join(', ') || 'nothing more'}`;

/** Answers one datagram to port 53. */
const ANSWER_UDP = `exec python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("0.0.0.0", 53)); s.settimeout(15)
_, who = s.recvfrom(99); s.sendto(b"inside", who)'`;

/** Answers each question for a name with 10.0.0.77: one by UDP, then one by TCP (RFC 1035). */
const ANSWER_NAMES = `exec python3 -c 'import socket
def answer(q): return q[:2] + bytes.fromhex("81800001000100000000") + q[12:q.index(0, 12) + 5] + bytes.fromhex("c00c000100010000000100040a00004d")
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("0.0.0.0", 53)); u.settimeout(15)
t = socket.socket(); t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); t.bind(("0.0.0.0", 53)); t.listen(); t.settimeout(15)
q, who = u.recvfrom(512); u.sendto(answer(q), who)
c, _ = t.accept(); a = answer(c.recv(512)[2:]); c.send(len(a).to_bytes(2, "big") + a)'`;

/** Asks it for web.lab, and prints the address. */
const askName = (kind: 'udp' | 'tcp', server: string): string => `exec python3 -c 'import socket
q = bytes.fromhex("123401000001000000000000") + b"\\3web\\3lab\\0" + bytes.fromhex("00010001")
s = socket.socket(socket.AF_INET, socket.SOCK_${kind === 'udp' ? 'DGRAM' : 'STREAM'}); s.settimeout(5); s.connect(("${server}", 53))
s.send(${kind === 'udp' ? 'q' : 'len(q).to_bytes(2, "big") + q'}); print(".".join(map(str, s.recv(512)[-4:])))'`;

/** Takes what comes to port 80, and says how many seconds that took. */
const RECEIVE = `exec python3 -c 'import socket, time
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("0.0.0.0", 80)); s.listen(); s.settimeout(15)
c, _ = s.accept(); start = time.monotonic()
while c.recv(65536): pass
print(time.monotonic() - start)'`;

/** Whether this kernel delays and loses packets; where nobody may try, it is taken not to. */
const hasNetem =
  execaSync('unshare', ['--user', '--map-root-user', '--net', 'tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem'], {
    reject: false,
  }).exitCode === 0;

const addressOf = ({ lab }: Sandbox): string => lab?.interfaces[0]?.addresses[0]?.split('/')[0] ?? '';

const STAYS = { workspace: 'none', lifetime: 'untilStopped' } as const;
const FILE = {
  profiles: {
    n1: { ...STAYS, extends: 'learn', networks: { lab: '10.0.0.1/24' } },
    n2: { ...STAYS, extends: 'learn', networks: { lab: '10.0.0.2/24' } },
    plain: { ...STAYS, networks: { lab: 'auto' } },
    once: { workspace: 'none', networks: { lab: 'auto' } },
    same: { ...STAYS, user: 'same', networks: { lab: 'auto' } },
    router: {
      ...STAYS,
      forwarding: true,
      networks: {
        lab: { address: '10.0.0.254', interface: 'left' },
        far: { address: '10.1.0.254', interface: 'right' },
      },
    },
    near: { ...STAYS, networks: { lab: { address: '10.0.0.50', gateway: '10.0.0.254' } } },
    there: { ...STAYS, networks: { far: { address: '10.1.0.50', gateway: '10.1.0.254' } } },
    apart: { ...STAYS, networks: { apart: 'auto' } },
    slow: { ...STAYS, networks: { slow: 'auto' } },
    late: { ...STAYS, networks: { late: 'auto' } },
  },
  networks: {
    lab: { subnet: ['10.0.0.0/24', 'fd00:5::/64'] },
    far: { subnet: '10.1.0.0/24', mtu: 9000 },
    apart: { subnet: '10.2.0.0/24', isolated: true },
    slow: { subnet: '10.3.0.0/24', rate: '4mbit' },
    late: { subnet: '10.4.0.0/24', delay: '20ms' },
  },
};

describe.skipIf(missing.length > 0).each(ALL_CALLERS)(`a lab of %s (${needs})`, (name) => {
  let caller: Caller;
  beforeAll(async () => {
    caller = makeCaller(name);
    await writeLab(caller, FILE);
  });
  afterEach(async () => {
    for (const { id } of await running(caller)) await caller.unshared(['stop', id]);
    expect(sandboxFolders(caller)).toEqual([]);
    await until('the hubs have ended', async () => (await hubs(caller)).length === 0);
  });
  afterAll(() => caller.remove());

  const said = async (sandbox: Sandbox, line: string): Promise<string> =>
    (await inSandbox(caller, sandbox, line)).stdout;

  it('connects two sandboxes by ping, TCP and UDP, IPv4 and IPv6, by name and by address', async () => {
    const [one, two] = [await started(caller, 'n1'), await started(caller, 'n2')];
    expect(await hubs(caller)).toHaveLength(1);
    for (const address of ['10.0.0.2', 'n2', one.lab?.interfaces[0]?.addresses[1]?.split('/')[0] ?? ''])
      expect([address, await said(one, ping(address))]).toEqual([address, 'reached']);
    expect(await said(two, ping('n1'))).toBe('reached');
    for (const address of ['10.0.0.1', two.lab?.interfaces[0]?.addresses[1]?.split('/')[0] ?? '']) {
      const at = address === '10.0.0.1' ? one : two;
      const answer = inSandbox(caller, at, answerOnce(80, address));
      await until(`${at.id} listens`, async () =>
        /:0050 0+:0000 0A /.test(await said(at, 'cat /proc/net/tcp /proc/net/tcp6')),
      );
      expect(await said(at === one ? two : one, ask('tcp', address, 80))).toBe('inside');
      await answer;
    }
    const udp = inSandbox(caller, one, ANSWER_UDP);
    await until('it listens', async () => (await said(one, 'cat /proc/net/udp /proc/net/udp6')).includes(':0035 '));
    expect(await said(two, ask('udp', '10.0.0.1', 53))).toBe('inside');
    await udp;
  });

  it('carries questions for names and their answers, by UDP and TCP', async () => {
    const [one, two] = [await started(caller, 'n1'), await started(caller, 'n2')];
    const answering = inSandbox(caller, one, ANSWER_NAMES);
    await until('it listens', async () => (await said(one, 'cat /proc/net/tcp')).includes(':0035 '));
    for (const kind of ['udp', 'tcp'] as const) expect(await said(two, askName(kind, '10.0.0.1'))).toBe('10.0.0.77');
    await answering;
  });

  it('has a link in each sandbox, addresses, and nothing of the hub', async () => {
    const plain = await started(caller, 'plain');
    expect(await said(plain, 'ls /sys/class/net')).toBe('eth0\nlo');
    const addresses = await said(plain, 'ip -o addr show dev eth0');
    expect(addresses).toContain('inet 10.0.0.3/24');
    expect(addresses).toContain('inet6 fd00:5::3/64');
    expect(await said(plain, 'ip -o link show dev eth0')).toMatch(/state UP.*link-netnsid 0/);
  });

  it('tells names to who was there before, and takes them back', async () => {
    const first = await started(caller, 'plain');
    expect(await said(first, 'cat /etc/hosts')).not.toContain('n1');
    const second = await started(caller, 'n1');
    expect(await said(first, 'cat /etc/hosts')).toContain('10.0.0.1 n1\n');
    expect(await said(first, ping('n1'))).toBe('reached');
    expect(await said(first, 'echo 1.2.3.4 evil >>/etc/hosts; echo $?')).toMatch(/[12]/);
    await caller.unshared(['stop', second.id]);
    expect(await said(first, 'cat /etc/hosts')).not.toContain('n1');
  });

  it('gives each an address of its own, also to those that start at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 4 }, () => caller.unshared(['run', '--profile', 'plain', '--', 'true'])),
    );
    expect(all.map(({ exitCode, stderr }) => exitCode === 0 || stderr)).toEqual([true, true, true, true]);
    const sandboxes = await running(caller);
    expect(await hubs(caller)).toHaveLength(1);
    const addresses = sandboxes.flatMap(({ lab }) => lab?.interfaces.flatMap((one) => one.addresses) ?? []);
    expect(new Set(addresses).size).toBe(8);
    for (const address of ['10.0.0.1/24', '10.0.0.2/24']) expect(addresses).not.toContain(address);
    const [first] = sandboxes;
    if (first === undefined) throw new Error('none runs');
    for (const address of addresses) expect(await said(first, ping(address.split('/')[0] ?? ''))).toBe('reached');
  });

  it('joins one network to another by a sandbox that forwards', async () => {
    const [near, there] = [await started(caller, 'near'), await started(caller, 'there')];
    expect(await said(near, ping('10.1.0.50'))).toBe('lost');
    const router = await started(caller, 'router');
    expect(await said(router, 'ls /sys/class/net')).toBe('left\nlo\nright');
    expect(await said(router, 'cat /sys/class/net/right/mtu')).toBe('9000');
    expect(await said(near, ping('10.1.0.50'))).toBe('reached');
    expect(await said(there, ping('10.0.0.50'))).toBe('reached');
    expect(await said(near, 'cat /etc/hosts')).not.toContain('there');
  });

  it('keeps sandboxes of an isolated network apart', async () => {
    const one = await started(caller, 'apart');
    await started(caller, 'apart');
    expect(await said(one, ping('10.2.0.2'))).toBe('lost');
  });

  it('takes a user who is not root inside', async () => {
    const [one] = [await started(caller, 'n1'), await started(caller, 'same')];
    expect(await said(one, ping('same'))).toBe('reached');
  });

  it('ends with a sandbox that ends by itself', async () => {
    const { exitCode, stdout } = await caller.unshared(['run', '--profile', 'once', '--', 'hostname']);
    expect([exitCode, stdout]).toEqual([0, 'once']);
  });

  it('refuses an address that a running sandbox has, and a network that was changed', async () => {
    const one = await started(caller, 'n1');
    const again = await caller.unshared(['run', '--profile', 'n1', '--', 'true']);
    expect(again.stderr).toContain(
      `The address 10.0.0.1 of the network "lab" is that of the running sandbox ${one.id}.`,
    );
    await writeLab(caller, { ...FILE, networks: { ...FILE.networks, lab: { subnet: '10.0.0.0/16' } } });
    const changed = await caller.unshared(['run', '--profile', 'once', '--', 'true']);
    await writeLab(caller, FILE);
    expect(changed.stderr).toContain(`was changed. Stop first: ${one.id}.`);
    expect(sandboxFolders(caller)).toEqual([one.id]);
  });

  it('is rebuilt where its hub was killed; who was in it is cut off, and not found by name', async () => {
    const one = await started(caller, 'n1');
    const [hub = 0] = await hubs(caller);
    const started1 = startTimeOf(hub);
    process.kill(hub, 'SIGKILL');
    await until('it is gone', () => startTimeOf(hub) !== started1);
    await until('its links are gone', async () => (await said(one, 'ls /sys/class/net')) === 'lo');
    const two = await started(caller, 'n2');
    expect(await hubs(caller)).toHaveLength(1);
    expect(await said(two, 'cat /etc/hosts')).not.toContain('n1');
    await caller.unshared(['stop', one.id]);
    const back = await started(caller, 'n1');
    expect(await said(two, ping('n1'))).toBe('reached');
    expect(await said(back, ping('n2'))).toBe('reached');
  });

  it('has links that are slow, go down and up, and are as they were', async () => {
    const [one, slow] = [await started(caller, 'slow'), await started(caller, 'slow')];
    const seconds = async (): Promise<number> => {
      const receiving = inSandbox(caller, slow, RECEIVE);
      await until('it listens', async () => (await said(slow, 'cat /proc/net/tcp')).includes(':0050 '));
      await said(one, `head -c 1000000 /dev/zero | busybox nc ${addressOf(slow)} 80`);
      return Number((await receiving).stdout);
    };
    expect(await seconds()).toBeGreaterThan(1);
    const link = (...words: readonly string[]) => caller.unshared(['lab', 'link', ...words]);
    expect((await link('slow', '--rate', '2gbit')).exitCode).toBe(0);
    const { stdout: labs } = await caller.unshared(['lab', 'list', '--json']);
    expect(labs).toContain('"rate": "2gbit"');
    expect(await seconds()).toBeGreaterThan(0);
    expect((await link(slow.id, '--down')).exitCode).toBe(0);
    expect(await said(slow, 'cat /sys/class/net/eth0/carrier')).toBe('0');
    expect(await said(one, ping(addressOf(slow)))).toBe('lost');
    expect((await link(slow.id, '--up')).exitCode).toBe(0);
    await until('it is reached again', async () => (await said(one, ping(addressOf(slow)))) === 'reached');
    expect((await link('slow', '--loss', '200%', '--rate', 'fast')).stderr.match(/but it must be/g)).toHaveLength(2);
    expect((await link('nowhere')).exitCode).toBe(125);
  });

  it.skipIf(hasNetem)('says what this kernel cannot do to a link (needs a kernel without netem)', async () => {
    const { exitCode, stderr } = await caller.unshared(['run', '--profile', 'late', '--', 'true']);
    expect([exitCode, stderr]).toEqual([125, expect.stringContaining('need netem (sudo modprobe sch_netem)')]);
    await started(caller, 'slow');
    const changed = await caller.unshared(['lab', 'link', 'slow', '--delay', '20ms']);
    expect([changed.exitCode, changed.stderr]).toEqual([125, expect.stringContaining('need netem')]);
  });

  it.runIf(hasNetem)('delays packets on their way to a sandbox (needs netem)', async () => {
    const [one, two] = [await started(caller, 'late'), await started(caller, 'late')];
    const times = await said(one, `busybox ping -c 3 ${addressOf(two)}`);
    expect(Number(/min\/avg\/max = ([\d.]+)/.exec(times)?.[1])).toBeGreaterThan(38);
  });

  it('is started, listed and stopped as one', async () => {
    const { stdout, stderr, exitCode } = await caller.unshared(['lab', 'start', 'n1', 'router']);
    expect([exitCode, stderr.replace(/^unshared: \S+: Runs without .*\n?/gm, '')]).toEqual([0, '']);
    expect(stdout).toMatch(/^n1-\w+: eth0 10\.0\.0\.1\/24 fd00:5::\d+\/64 in lab\nrouter-\w+: left 10\.0\.0\.254\/24 /);
    const again = await caller.unshared(['lab', 'start', 'n1', 'near']);
    expect(again.stdout).toMatch(/^near-\w+: [^\n]*$/);
    const { stdout: list } = await caller.unshared(['lab', 'list']);
    expect(list).toMatch(/^workspace-\w+ +far +10\.1\.0\.0\/24 +- +router-\w+ +right +10\.1\.0\.254\/24 +-$/m);
    expect(list.match(/^workspace-/gm)).toHaveLength(4);
    const [hub = 0] = await hubs(caller);
    process.kill(hub, 'SIGKILL');
    await until('its death is said', async () =>
      (await caller.unshared(['lab', 'list'])).stdout.includes('was killed'),
    );
    expect((await caller.unshared(['lab', 'stop'])).exitCode).toBe(0);
    expect([await running(caller), await hubs(caller)]).toEqual([[], []]);
    expect((await caller.unshared(['lab', 'stop'])).stderr).toMatch(/No lab "workspace-\w+" is running/);
  });

  it('starts all of the file, or none', async () => {
    await writeLab(caller, {
      ...FILE,
      profiles: { n1: FILE.profiles.n1, wrong: { ...FILE.profiles.n2, rootfs: '/nowhere' } },
    });
    const { exitCode, stderr } = await caller.unshared(['lab', 'start']);
    await writeLab(caller, FILE);
    expect([exitCode, stderr]).toEqual([125, expect.stringContaining('/nowhere does not exist')]);
    expect(await running(caller)).toEqual([]);
  });

  it('has an example of one command', async () => {
    const { stdout, exitCode } = await caller.unshared(['lab', 'example']);
    expect(stdout.match(/2 packets transmitted, 2 packets received/g)).toHaveLength(2);
    expect(stdout).toContain('n2# ping -c 2 n1');
    expect([exitCode, await running(caller)]).toEqual([0, []]);
    const { stdout: file } = await caller.unshared(['lab', 'example', '--file']);
    expect(loadProfiles([{ file: 'sandboxes.json', text: file, source: 'workspace' }]).problems).toEqual([]);
  });

  it('shows the script of its hub, and exports none that cannot run alone', async () => {
    const shown = await caller.unshared(['script', '--profile', 'n1']);
    expect(shown.stdout).toContain('type veth peer name eth0 address 02:');
    const lab = await caller.unshared(['script', '--profile', 'n1', '--lab']);
    expect(lab.stdout).toContain("'link add name lab type bridge'");
    const one = await started(caller, 'n1');
    const { stdout: runs } = await caller.unshared(['script', one.id, '--lab']);
    expect(runs.trim()).toBe(lab.stdout.trim());
    const { exitCode, stderr } = await caller.unshared(['script', '--profile', 'n1', '--export', 'here']);
    expect([exitCode, stderr]).toEqual([125, expect.stringContaining('do not run by hand')]);
  });
});

describe.skipIf(missing.length > 0).each(CALLERS)(`a lab of %s, from inside (${needs})`, (name) => {
  let caller: Caller;
  let other: Caller;
  beforeAll(async () => {
    [caller, other] = [makeCaller(name), makeCaller(name)];
    await writeLab(caller, FILE);
    await writeLab(other, FILE);
  });
  afterAll(async () => {
    for (const one of [caller, other]) {
      for (const { id } of await running(one)) await one.unshared(['stop', id]);
      one.remove();
    }
    await until('the hubs have ended', async () => (await hubs(caller)).length === 0);
  });

  it('leads to no other lab, to nothing of this machine, and not into the hub', async () => {
    const mine = await started(caller, 'n1');
    const before = new Set((await running(other)).map(({ id }) => id));
    await other.unshared(['run', '--profile', 'n2', '--', 'true']);
    const theirs = (await running(other)).find(({ id, profile }) => profile === 'n2' && !before.has(id));
    expect(theirs?.lab?.id).not.toBe(mine.lab?.id);
    const line = [
      ping('10.0.0.2'),
      'ip addr add 10.0.0.99/24 dev eth0; ip link set eth0 address 02:00:00:00:00:99',
      ping('10.0.0.2'),
      'ip route replace default dev eth0',
      ...hostAddresses().map(ping),
      'ip link add name x type veth peer name y netns 1 2>/dev/null; ls /sys/class/net | grep -c .',
    ];
    const { stdout } = await inSandbox(caller, mine, line.join('\n'));
    expect(stdout.split('\n')).toEqual([...Array<string>(2 + hostAddresses().length).fill('lost'), '4']);
    const { stdout: hubLinks } = await inSandbox(
      caller,
      mine,
      'ls /proc | grep -c "^[0-9]"; ls -d /run/namespace-sandboxes* 2>&1',
    );
    expect(hubLinks).not.toContain('.labs');
  });

  it('a server on this machine is not reached by its loopback address', async () => {
    const one = (await running(caller)).find(({ profile }) => profile === 'n1') ?? (await started(caller, 'n1'));
    const server = execa('sh', ['-c', `exec ${answerOnce(7171)}`], { reject: false });
    await new Promise((resolve) => server.stdout.once('data', resolve));
    const { stdout } = await inSandbox(
      caller,
      one,
      `ip route replace 127.0.0.0/8 dev eth0 2>/dev/null; ${ask('tcp', '127.0.0.1', 7171)}`,
    );
    server.kill();
    await server;
    expect(stdout).not.toBe('inside');
  });
});

/** Of this machine, but for its loopback. */
function hostAddresses(): readonly string[] {
  const lines = readFileSync('/proc/net/fib_trie', 'utf8').split('\n');
  const own = lines.flatMap((line, index) =>
    lines[index + 1]?.includes('/32 host LOCAL') ? line.trim().split(/\s+/).slice(-1) : [],
  );
  return [...new Set(own)].filter((address) => !address.startsWith('127.'));
}

describe.skipIf(!isRoot || missing.length > 0).each(CALLERS)(
  'a lab of %s on a host that lacks something (needs root)',
  (name) => {
    let caller: Caller;
    beforeAll(async () => {
      caller = makeCaller(name);
      await writeLab(caller, FILE);
    });
    afterAll(() => caller.remove());

    const runIn = async (setup: string): Promise<Finished> => {
      const around = await surroundings(setup);
      try {
        const { exitCode, stdout, stderr } = await unsharedIn(caller, around.inside, [
          'run',
          '--workspace',
          caller.workspace,
          '--profile',
          'once',
          '--',
          'true',
        ]);
        return { exitCode, stdout, stderr };
      } finally {
        await around.end();
      }
    };

    it.each(['ip', 'flock'])('is refused without %s, and nothing is left', async (program) => {
      const { exitCode, stderr } = await runIn(hidden(program));
      expect(exitCode).toBe(125);
      expect(stderr).toContain(`The program ${program} is missing.`);
      expect(sandboxFolders(caller)).toEqual([]);
      expect(await hubs(caller)).toEqual([]);
    });
  },
);
