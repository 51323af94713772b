// What a lab costs, beside two named network namespaces: part of npm run bench; alone, as root: node bench/networks.mjs [ROUNDS].
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { argv, exit, getuid } from 'node:process';
import { loadEngine } from './engine.mjs';
import { median, PROJECT, report } from './report.mjs';

const ROUNDS = Number(argv[2] ?? 20);
/** Each way in turn; a run of two seconds. */
const RUNS = 5;

if (getuid?.() !== 0 || !existsSync('/usr/bin/iperf3')) {
  console.log('The bench of labs makes named network namespaces, which only root can, and needs iperf3.');
  exit();
}

// The way to the internet opens this as an ordinary user, also where root starts it: here one that is open, for this bench alone.
const TUN = '/dev/net/tun';
if ((statSync(TUN).mode & 0o006) !== 0o006) {
  const line = `mount -t tmpfs -o mode=755 tmpfs /dev/net && mknod -m 666 ${TUN} c 10 200 && exec "$@"`;
  const words = ['--mount', '--propagation', 'private', 'sh', '-c', line, 'sh', ...argv];
  exit(spawnSync('unshare', words, { stdio: 'inherit' }).status ?? 1);
}

/** The server outside, and this machine's way to it. */
const OUTSIDE = { address: '198.18.0.1', gateway: '198.19.0.1', own: '198.19.0.2' };

const FILE = {
  profiles: {
    alone: { extends: 'learn' },
    online: { workspace: 'none', network: 'internet' },
    out: { workspace: 'none', networks: { out: 'auto' } },
    wide: { workspace: 'none', networks: { wide: 'auto' } },
    server: { extends: 'learn', networks: { lab: '10.93.0.1/24' } },
    client: { extends: 'learn', networks: { lab: '10.93.0.2/24' } },
  },
  networks: {
    lab: { subnet: '10.93.0.0/24' },
    out: { subnet: '10.97.0.0/24', internet: true },
    wide: { subnet: '10.98.0.0/24', internet: true, mtu: 65520 },
  },
};

const engine = await loadEngine(PROJECT);
const session = engine.helperSession(join(PROJECT, 'dist/helper.cjs'), () => undefined);
const loaded = engine.loadProfiles([
  { file: '/bench/.vscode/sandboxes.json', text: JSON.stringify(FILE), source: 'workspace' },
]);

const server = await launch('server');
const client = await launch('client');
try {
  const lines = [...(await throughput()), '', ...(await waysOut()), '', ...(await connecting())];
  await report(['networks', 'end of networks'], lines, `${RUNS} runs, ${ROUNDS} rounds`);
} finally {
  await endAll([client, server]);
}

/** @param {readonly import('../src/sandbox/launch.ts').Launched[]} all */
async function endAll(all) {
  for (const { release: end, ended } of all) {
    end();
    await ended;
  }
}

/** @param {string} name */
function launch(name) {
  const profile = engine.resolveProfile(loaded, name, { workspaceFolder: undefined, env: {}, home: '/root' });
  return engine.launchSandbox({ profile, workspaceFolder: undefined }, session);
}

/** From one to the other, through one veth pair, two of them and a bridge, and the lab. */
async function throughput() {
  const names = ['bench-a', 'bench-b', 'bench-c', 'bench-d', 'bench-e'];
  const [a, b, c, d, e] = names;
  for (const name of names) ip('netns', 'add', name);
  try {
    ip('link', 'add', 'veth0', 'netns', String(a), 'type', 'veth', 'peer', 'name', 'veth0', 'netns', String(b));
    bring(String(a), 'veth0', '10.94.0.1/24');
    bring(String(b), 'veth0', '10.94.0.2/24');
    ip('-n', String(e), 'link', 'add', 'name', 'br0', 'type', 'bridge');
    ip('-n', String(e), 'link', 'set', 'br0', 'up');
    for (const [name, address] of /** @type {const} */ ([
      [String(c), '10.95.0.1/24'],
      [String(d), '10.95.0.2/24'],
    ])) {
      ip('link', 'add', 'veth0', 'netns', name, 'type', 'veth', 'peer', 'name', name, 'netns', String(e));
      ip('-n', String(e), 'link', 'set', name, 'master', 'br0', 'up');
      bring(name, 'veth0', address);
    }
    const ways = /** @type {const} */ ([
      ['two `ip netns`, one veth pair', inNamed(String(a)), inNamed(String(b)), '10.94.0.1'],
      ['two `ip netns`, a bridge of root between', inNamed(String(c)), inNamed(String(d)), '10.95.0.1'],
      ['two sandboxes of a lab', inSandbox(server), inSandbox(client), '10.93.0.1'],
    ]);
    return await compare('TCP, one stream', ways);
  } finally {
    for (const name of names) ip('netns', 'del', name);
  }
}

/** From this machine, and from sandboxes, to a server in a network namespace that is none of its links' networks. */
async function waysOut() {
  const name = 'bench-outside';
  const { address, gateway, own } = OUTSIDE;
  ip('netns', 'add', name);
  ip('link', 'add', 'bench-out', 'type', 'veth', 'peer', 'name', 'veth0', 'netns', name);
  const sandboxes = /** @type {import('../src/sandbox/launch.ts').Launched[]} */ ([]);
  try {
    ip('addr', 'add', `${own}/30`, 'dev', 'bench-out');
    ip('link', 'set', 'bench-out', 'up');
    bring(name, 'veth0', `${gateway}/30`);
    ip('-n', name, 'addr', 'add', `${address}/32`, 'dev', 'lo');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('route', 'add', `${address}/32`, 'via', gateway);
    for (const profile of ['online', 'out', 'wide']) sandboxes.push(await launch(profile));
    const [online, out, wide] = sandboxes.map(inSandbox);
    if (!online || !out || !wide) throw new Error('not all run');
    const ways = /** @type {const} */ ([
      ['this machine', here, address],
      ['a sandbox of the network `internet`', online, address],
      ['a sandbox of a lab, through its hub', out, address],
      ['the same with `"mtu": 65520`', wide, address],
    ]);
    const outside = inNamed(name);
    const pairs = ways.map(([what, to, at]) => /** @type {const} */ ([what, outside, to, at]));
    const down = await compare('TCP from a server outside, one stream', pairs, ['--reverse']);
    return [...down, '', ...(await compare('TCP to a server outside, one stream', pairs))];
  } finally {
    await endAll(sandboxes);
    ip('netns', 'del', name);
  }
}

/**
 * A table of medians; each way in turn.
 * @param {string} title
 * @param {readonly (readonly [what: string, from: Inside, to: Inside, address: string])[]} ways
 * @param {readonly string[]} options of the client.
 */
async function compare(title, ways, options = []) {
  const speeds = ways.map(() => /** @type {number[]} */ ([]));
  for (let run = 0; run < RUNS; run += 1)
    for (const [index, [, from, to, address]] of ways.entries())
      speeds[index]?.push(await speed(from, to, [address, ...options]));
  const first = median(speeds[0] ?? []);
  const rows = ways.map(([what], index) => {
    const is = median(speeds[index] ?? []);
    return `| ${what} | ${is.toFixed(1)} | ${(is / first).toFixed(2)} |`;
  });
  return [`| ${title} | Gbit/s | ratio |`, '| --- | ---: | ---: |', ...rows];
}

/** @param {string} name @param {string} device @param {string} address */
function bring(name, device, address) {
  ip('-n', name, 'addr', 'add', address, 'dev', device);
  ip('-n', name, 'link', 'set', device, 'up');
}

/** @param {readonly string[]} words */
function ip(...words) {
  const { status, stderr } = spawnSync('ip', words);
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${String(stderr)}`);
}

/** @typedef {(command: readonly string[]) => import('node:child_process').ChildProcess} Inside */

/** @type {Inside} */
function here([file = '', ...args]) {
  return spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** @param {string} name @returns {Inside} */
function inNamed(name) {
  return (command) => spawn('ip', ['netns', 'exec', name, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** @param {import('../src/sandbox/launch.ts').Launched} launched @returns {Inside} */
function inSandbox({ sandbox }) {
  return (command) => {
    const { file, args, env } = engine.joinCommand(sandbox, command);
    return spawn(file, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  };
}

/** Gbit/s. @param {Inside} from @param {Inside} to @param {readonly string[]} server its address, and options */
async function speed(from, to, server) {
  const serving = from(['iperf3', '--server', '--one-off', '--forceflush']);
  await once(/** @type {import('node:stream').Readable} */ (serving.stdout), 'data');
  const asking = to(['iperf3', '--client', ...server, '--time', '2', '--json']);
  let text = '';
  asking.stdout?.on('data', (part) => (text += String(part)));
  serving.stdout?.resume();
  await Promise.all([once(asking, 'close'), once(serving, 'close')]);
  const said = /** @type {unknown} */ (JSON.parse(text));
  const { end } = /** @type {{ end: { sum_received: { bits_per_second: number } } }} */ (said);
  return end.sum_received.bits_per_second / 1e9;
}

/** A fresh start with a place in a lab that runs, beside one without. */
async function connecting() {
  const other = engine.loadProfiles([
    {
      file: '/bench/.vscode/sandboxes.json',
      text: JSON.stringify({
        ...FILE,
        profiles: { ...FILE.profiles, more: { extends: 'learn', networks: { lab: 'auto' } } },
      }),
      source: 'workspace',
    },
  ]);
  const times = { alone: /** @type {number[]} */ ([]), more: /** @type {number[]} */ ([]) };
  for (let round = -3; round < ROUNDS; round += 1) {
    for (const name of /** @type {const} */ (['alone', 'more'])) {
      const profile = engine.resolveProfile(other, name, { workspaceFolder: undefined, env: {}, home: '/root' });
      const start = performance.now();
      const launched = await engine.launchSandbox({ profile, workspaceFolder: undefined }, session);
      if (round >= 0) times[name].push(performance.now() - start);
      launched.release();
      await launched.ended;
    }
  }
  const [alone, more] = [median(times.alone), median(times.more)];
  return [
    '| what | median ms | aim |',
    '| --- | ---: | ---: |',
    `| a start without a network | ${alone.toFixed(1)} | |`,
    `| a start in a lab that runs | ${more.toFixed(1)} | |`,
    `| to connect it | ${(more - alone).toFixed(1)} | 15 |`,
  ];
}
