import { execa } from 'execa';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { expect } from 'vitest';
import { patience } from './pace.ts';
import { CLI, type Caller, type Finished } from './unshared.ts';

/** A machine and the world around it, in network namespaces of the test's own: nothing is sent anywhere else. */
export interface NetworkLab {
  /** Runs `unshared` on that machine; `before` are lines of sh that root runs first, in a mount namespace of this run alone. */
  unshared(caller: Caller, args: readonly string[], before?: string): Promise<Finished>;
  /** Starts it without waiting. */
  start(caller: Caller, args: readonly string[], before?: string): Started;
  /** Words that run a program as root on that machine, in its own mount namespace. */
  readonly asHost: readonly string[];
  onHost(line: string): Promise<string>;
  inWorld(line: string): Promise<string>;
  /** Words that run a program in the world. */
  readonly asWorld: readonly string[];
  end(): Promise<void>;
}

/** Addresses of the lab: documentation networks (RFC 5737, RFC 3849) are the world, private ones the machine's own link. */
export const LAB = {
  host: '10.77.0.2',
  gateway: '10.77.0.1',
  gateway6: 'fd77::1',
  external: '198.51.100.10',
  external6: '2001:db8:77::10',
  metadata: '169.254.169.254',
  metadata6: 'fd00:ec2::254',
} as const;

/**
 * Addresses of the world, each with one of IPv4 in it that is closed: of the gateway, of a metadata service, of the loopback.
 * A translator or a tunnel in the world would send what comes there to these.
 */
export const EMBEDDED = [
  '64:ff9b::10.77.0.1',
  '64:ff9b::169.254.169.254',
  '64:ff9b::127.0.0.1',
  '64:ff9b:1::10.77.0.1',
  '64:ff9b:1:a9fe:a9:fe00::',
  '2002:a4d:1::1',
  '2002:a9fe:a9fe:1::1',
  '::10.77.0.1',
  '::ffff:0:10.77.0.1',
  '2001::f5b2:fffe',
] as const;

/** The world itself, for a machine without IPv4. */
export const EXTERNAL_BY_NAT64 = '64:ff9b::198.51.100.10';

const SERVER = resolve('test/support/network-server.mjs');

const HOST = `set -eu
mkdir -p /dev/net; mount -t tmpfs -o mode=755 tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200
mount -t tmpfs tmpfs /mnt; echo nameserver 127.0.0.53 >/mnt/resolv.conf; mount --bind /mnt/resolv.conf /etc/resolv.conf
echo 0 2147483647 >/proc/sys/net/ipv4/ping_group_range
echo made; read -r _; exec "$@"`;
const WORLD = 'echo made; read -r _; exec "$@"';

const LINKS = `set -eu
world() { nsenter --net=/proc/$WORLD/ns/net -- "$@"; }
ip link add eth0 type veth peer name gw netns $WORLD
ip link set lo up; ip addr add ${LAB.host}/24 dev eth0; ip addr add fd77::2/64 dev eth0 nodad; ip link set eth0 up
world ip link set lo up; world ip addr add ${LAB.gateway}/24 dev gw; world ip addr add ${LAB.gateway6}/64 dev gw nodad
world ip link set gw up
for address in ${LAB.external}/32 ${LAB.metadata}/32; do world ip addr add $address dev lo; done
for address in ${[LAB.external6, LAB.metadata6, EXTERNAL_BY_NAT64, ...EMBEDDED].join(' ')}; do world ip addr add $address/128 dev lo nodad; done
ip route add default via ${LAB.gateway}; ip route add default via ${LAB.gateway6}`;

type Started = ReturnType<typeof launch>;

function launch(words: readonly string[], env: Readonly<Record<string, string>>) {
  return execa('nsenter', words, { env, extendEnv: false, reject: false, input: '', timeout: patience(30_000) });
}

export async function makeNetworkLab(): Promise<NetworkLab> {
  const ofWorld = Object.values(LAB).filter((address) => address !== LAB.host);
  const world = namespace(['--net'], WORLD, 'world', [...ofWorld, EXTERNAL_BY_NAT64, ...EMBEDDED]);
  const host = namespace(['--net', '--mount', '--propagation', 'private'], HOST, 'host', ['0.0.0.0', '::']);
  await Promise.all([world.says('made'), host.says('made')]);
  const [hostNet, worldNet] = [host, world].map(({ pid }) => [`--net=/proc/${pid}/ns/net`, '--']) as [
    string[],
    string[],
  ];
  await execa('nsenter', [...hostNet, 'sh', '-c', LINKS], { env: { WORLD: `${world.pid}` } });
  for (const one of [host, world]) one.go();
  await Promise.all([world.says('listening'), host.says('listening')]);
  const asHost = [`--mount=/proc/${host.pid}/ns/mnt`, ...hostNet];
  const start = (caller: Caller, args: readonly string[], before = ''): Started => {
    const line = `${before}\ncd "$WORKSPACE"; exec "$@"`;
    const words = ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-euc', line, 'sh'];
    const command = [...words, ...caller.asCaller([process.execPath, CLI, ...args])];
    const env = { ...caller.env, WORKSPACE: caller.workspace };
    return launch([...asHost, ...command], env);
  };
  const text = async (net: readonly string[], line: string): Promise<string> =>
    (await execa('nsenter', [...net, 'sh', '-c', line], { reject: false, all: true, timeout: patience(20_000) })).all;
  return {
    start,
    unshared: async (caller, args, before) => {
      const { exitCode, stdout, stderr } = await start(caller, args, before);
      return { exitCode, stdout, stderr };
    },
    asHost: ['nsenter', ...asHost],
    onHost: (line) => text(hostNet, line),
    asWorld: ['nsenter', ...worldNet],
    inWorld: (line) => text(worldNet, line),
    end: async () => {
      for (const one of [host, world]) one.kill();
      await Promise.all([host.ended, world.ended]);
    },
  };
}

interface Namespace {
  readonly pid: number;
  readonly ended: Promise<unknown>;
  says(word: string): Promise<void>;
  go(): void;
  kill(): void;
}

function namespace(types: readonly string[], script: string, name: string, addresses: readonly string[]): Namespace {
  const server = [process.execPath, SERVER, name, ...addresses];
  const child = execa('unshare', [...types, '--', 'sh', '-c', script, 'sh', ...server], {
    reject: false,
    buffer: false,
  });
  const lines = createInterface({ input: child.stdout });
  const said: string[] = [];
  lines.on('line', (line) => said.push(line));
  return {
    pid: child.pid ?? 0,
    ended: child,
    says: async (word) => {
      while (!said.includes(word)) await Promise.race([once(lines, 'line'), ended(child, name)]);
    },
    go: () => child.stdin.write('go\n'),
    kill: () => child.kill('SIGKILL'),
  };
}

async function ended(child: PromiseLike<unknown>, name: string): Promise<never> {
  await child;
  throw new Error(`the ${name} of the lab ended`);
}

interface Refusal {
  /** Lines of sh that root runs first, on that machine. */
  readonly before: string;
  readonly profile: string;
  readonly sentence: string;
}

/** A start that fails, as whoever starts it is told. */
export async function expectRefusal(lab: NetworkLab, caller: Caller, refusal: Refusal): Promise<void> {
  const { before, profile, sentence } = refusal;
  const { exitCode, stderr } = await lab.unshared(
    caller,
    ['run', '--profile', profile, '--', 'true'],
    onCopies(before),
  );
  expect(exitCode, stderr).toBe(125);
  expect(stderr).toContain(sentence);
}

/** A change of /dev/net/tun is made on one of this run's own, so that the lab stays as it is. */
function onCopies(before: string): string {
  return `mount -t tmpfs -o mode=755 tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200; ${before}`;
}
