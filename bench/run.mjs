// npm run bench: fresh sandboxes and joins, side by side with unshare, bwrap, crun and nsenter; the table goes into bench/README.md.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { argv, env, execPath, exit, getuid } from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadEngine } from './engine.mjs';
import { freshPeers } from './peers.mjs';
import { median, PROJECT, report } from './report.mjs';

/** @typedef {import('../src/sandbox/launch.ts').Launched} Launched */

const ROUNDS = Number(argv[2] ?? 40);
const WARM_UP = 3;
/** What the others of the same kind are measured by. */
const BASES = ['join: nsenter', 'fresh: crun run', 'command: node -e 0'];
if (getuid?.() === 0 && env.BENCH_PRIVATE === undefined) exit(runPrivately());
const work = mkdtempSync(join(tmpdir(), 'unshared-bench-'));
const workspaceFolder = join(work, 'workspace');
mkdirSync(workspaceFolder);
chmodSync(work, 0o755);

delete env.NODE_EXTRA_CA_CERTS; // it makes every node slower by what it reads
const nothing = openSync('/dev/null', 'r+');
const srt = env.SRT; // the sandbox-runtime of npm, where it is installed
const engine = await loadEngine(PROJECT);
const session = engine.helperSession(join(PROJECT, 'dist/helper.cjs'), () => undefined);
const UNLIMITED = { limits: { 'memory.max': 'max', 'pids.max': 'max' } };
const PROFILES = {
  bare: { extends: 'throwaway', ...UNLIMITED, seccomp: 'off' },
  bench: { extends: 'throwaway', ...UNLIMITED },
  limited: { extends: 'throwaway' },
  tree: { extends: 'throwaway', ...UNLIMITED, rootfs: busyboxTree() },
};

/** @type {Map<string, number[]>} */
const times = new Map();
/** @type {string[]} */
const notes = [];
try {
  await measure();
  await measureMany();
  await report(['table', 'end'], [...table(), '', ...notes.map((note) => `- ${note}`)], `${ROUNDS} rounds`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** crun refuses a host whose v2 tree has controllers beside v1 trees: in a mount namespace of its own that tree is hidden. */
function runPrivately() {
  const hide = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"';
  const self = [execPath, fileURLToPath(import.meta.url), String(ROUNDS)];
  const options = /** @type {const} */ ({ stdio: 'inherit', env: { ...env, BENCH_PRIVATE: '1' } });
  return (
    spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', hide, 'sh', ...self], options).status ?? 1
  );
}

/** In turn, so that what the machine does meanwhile meets all of them alike. */
async function measure() {
  const peers = freshPeers(work);
  const standing = await launch('bench');
  const spares = engine.keepSpare(session);
  const enter = [
    '--user',
    '--mount',
    '--uts',
    '--ipc',
    '--net',
    '--pid',
    '--cgroup',
    '--time',
    '--preserve-credentials',
  ];
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    const timed = timer(round >= WARM_UP);
    for (const [name, [file = '', ...args]] of peers) await timed(`fresh: ${name}`, () => run(file, args));
    await timed('fresh: unshared, without a filter', () => fresh('bare'));
    await timed('fresh: unshared', () => fresh('bench'));
    await timed('fresh: unshared, with limits', () => fresh('limited'));
    await timed('fresh: unshared, a busybox tree', () => fresh('tree'));
    const command = [join(PROJECT, 'dist/cli.cjs'), 'run', '--workspace', workspaceFolder, '--', 'true'];
    await timed('command: node -e 0', () => run(execPath, ['-e', '0']));
    if (srt !== undefined) await timed('command: srt true', () => run(srt, ['true']));
    await timed('command: unshared run -- true', () => run(execPath, command));
    const target = ['--target', String(standing.sandbox.pid)];
    await timed('join: nsenter', () => run('nsenter', [...target, ...enter, '/bin/sh', '-c', 'true']));
    await timed('join: unshared', () => joinOnce(standing));
    spares.prepare(request('bench'));
    await spareIsReady();
    /** @type {Launched | undefined} */
    let taken;
    await timed('join: unshared, a warm spare', async () => {
      taken = await spares.take(request('bench'));
      if (taken) await joinOnce(taken);
    });
    if (taken) await end(taken);
  }
  await spares.end();
  await end(standing);
}

/** What the first, the tenth and the hundredth cost while all before them run, and what one of them takes while idle. */
async function measureMany() {
  const running = [];
  /** @type {number[]} */
  const took = [];
  for (let number = 1; number <= 100; number += 1) {
    const start = performance.now();
    const one = await launch('bench', ['true']);
    await one.first?.ended;
    took.push(performance.now() - start);
    running.push(one);
  }
  for (const from of [1, 11, 91])
    notes.push(`the ${from}. to ${from + 9}. at once: ${median(took.slice(from - 1, from + 9)).toFixed(1)} ms`);
  const kilobytes = running.map(({ sandbox }) => memoryOf(sandbox.pid));
  notes.push(
    `an idle sandbox: ${Math.round(kilobytes.reduce((sum, one) => sum + one, 0) / running.length)} kB (PSS of PID 1)`,
  );
  await Promise.all(running.map(end));
  await measureAtOnce();
}

/** Commands that are started together, each of which is waited for: the median of how long one takes. */
async function measureAtOnce() {
  const command = [join(PROJECT, 'dist/cli.cjs'), 'run', '--workspace', workspaceFolder, '--', 'true'];
  const node = await atOnce(() => run(execPath, ['-e', '0']));
  const unshared = await atOnce(() => run(execPath, command));
  notes.push(
    `20 commands at once: node -e 0 ${node.toFixed(0)} ms, unshared run -- true ${unshared.toFixed(0)} ms (${(unshared / node).toFixed(2)})`,
  );
}

/** @param {() => Promise<void>} once */
async function atOnce(once) {
  const took = Array.from({ length: 20 }, async () => {
    const start = performance.now();
    await once();
    return performance.now() - start;
  });
  return median(await Promise.all(took));
}

/** @param {number} pid */
function memoryOf(pid) {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
}

/** @param {keyof typeof PROFILES} name */
function request(name) {
  const file = { file: 'bench', source: /** @type {const} */ ('user'), text: JSON.stringify({ profiles: PROFILES }) };
  const context = { workspaceFolder, env: {}, home: work };
  return { profile: engine.resolveProfile(engine.loadProfiles([file]), name, context), workspaceFolder };
}

/**
 * @param {keyof typeof PROFILES} name
 * @param {readonly string[]} [words] what PID 1 starts itself
 */
function launch(name, words) {
  const first = words && { words, streams: /** @type {const} */ ([nothing, nothing, nothing]) };
  return engine.launchSandbox({ ...request(name), first }, session);
}

/** @param {keyof typeof PROFILES} name */
async function fresh(name) {
  const launched = await launch(name, ['true']);
  const ended = await launched.first?.ended;
  if (ended?.status !== 0) throw new Error(`true ended with ${String(ended?.status)}`);
  await end(launched);
}

/** @param {Launched} launched */
function joinOnce({ sandbox }) {
  const { file, args, env: own } = engine.joinCommand(sandbox, ['true']);
  return run(file, args, own);
}

/** @param {Launched} launched */
async function end({ release: release_, ended }) {
  release_();
  await ended;
}

async function spareIsReady() {
  while (!engine.runningSandboxes().some(({ spare }) => spare)) await setTimeout(5);
  await setTimeout(20); // it is named a moment before it is whole
}

function busyboxTree() {
  const tree = join(work, 'tree');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  copyFileSync(
    execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim(),
    join(tree, 'bin/busybox'),
  );
  for (const name of ['sh', 'true']) symlinkSync('busybox', join(tree, 'bin', name));
  return tree;
}

/**
 * @param {boolean} keep
 * @returns {(name: string, work: () => Promise<void>) => Promise<void>}
 */
function timer(keep) {
  return async (name, once) => {
    const start = performance.now();
    await once();
    if (keep) times.set(name, [...(times.get(name) ?? []), performance.now() - start]);
  };
}

/**
 * Runs a command. Its errors go into a file: a pipe of Node.js is a socket, with which `unshared run` takes a longer way.
 *
 * @param {string} file
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [own]
 * @returns {Promise<void>} rejects if it fails
 */
async function run(file, args, own) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-errors-'));
  const errors = openSync(join(folder, 'stderr'), 'w+');
  try {
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', errors], ...(own && { env: own }) });
    await once(child, 'close');
    if (child.exitCode === 0) return;
    throw new Error(`${file} ${args.join(' ')}: ${child.exitCode} ${readFileSync(join(folder, 'stderr'), 'utf8')}`);
  } finally {
    closeSync(errors);
    rmSync(folder, { recursive: true });
  }
}

/** @returns {readonly string[]} its lines */
function table() {
  const typical = (/** @type {string} */ name) => median(times.get(name) ?? []);
  const rows = [...times.keys()].map((name) => {
    const base = BASES.find((one) => one.startsWith(name.slice(0, name.indexOf(':')))) ?? '';
    const ratio = times.has(base) ? (typical(name) / typical(base)).toFixed(2) : 'not measured';
    return `| ${name} | ${typical(name).toFixed(1)} | ${ratio} |`;
  });
  return ['| what | median ms | ratio |', '| --- | ---: | ---: |', ...rows];
}
