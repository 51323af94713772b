// npm run bench: reads the wiring of 200 network namespaces; the table goes into bench/README.md.
// node bench/wiring.mjs [ROUNDS] [NAMESPACES…], as root
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { argv, getuid, pid } from 'node:process';
import { build } from 'esbuild';
import { median, PROJECT, report } from './report.mjs';

/** @typedef {typeof import('../src/discovery/snapshot.ts') & typeof import('../src/discovery/native.ts') & typeof import('../src/sandbox/look-at-networks.ts')} Engine */

const ROUNDS = Number(argv[2] ?? 15);
const SIZES = argv.length > 3 ? argv.slice(3).map(Number) : [20, 200];

if (getuid?.() !== 0) throw new Error('only root makes named network namespaces');
const engine = await loadEngine();
const calls = await engine.loadKernelCalls();
/** @type {string[]} */
const rows = [];
for (const size of SIZES) {
  const names = Array.from({ length: size }, (_, index) => `bench-${pid}-${index}`);
  try {
    connect(names);
    rows.push(await measure(names));
  } finally {
    shell(names.map((name) => `ip netns delete ${name}`));
  }
}
const head = [
  '| network namespaces | `ip -n NAME -j -d address` in turn | wiring | aim |',
  '| ---: | ---: | ---: | ---: |',
];
await report(['wiring', 'end of wiring'], [...head, ...rows], `Medians of ${ROUNDS} rounds in ms`);

/** @returns {Promise<Engine>} */
async function loadEngine() {
  const outfile = join(PROJECT, 'out/bench-wiring.mjs');
  const parts = ['discovery/snapshot', 'discovery/native', 'sandbox/look-at-networks'];
  await build({
    stdin: { contents: parts.map((name) => `export * from './src/${name}.ts';`).join('\n'), resolveDir: PROJECT },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    external: ['koffi'],
    logLevel: 'error',
  });
  const loaded = /** @type {unknown} */ (await import(outfile));
  return /** @type {Engine} */ (loaded);
}

/**
 * Namespaces in pairs, each joined by a veth pair, and all to a bridge in the first.
 * @param {readonly string[]} names
 */
function connect(names) {
  const [hub = ''] = names;
  shell([
    ...names.map((name) => `ip netns add ${name}`),
    `ip -n ${hub} link add bench type bridge`,
    ...names
      .slice(1)
      .flatMap((name, index) => [
        `ip link add p${index} netns ${hub} type veth peer name eth0 netns ${name}`,
        `ip -n ${hub} link set p${index} master bench`,
        `ip -n ${name} address add 10.9.${index >> 8}.${index & 255}/16 dev eth0`,
      ]),
  ]);
}

/** @param {readonly string[]} lines */
function shell(lines) {
  const { status, stderr } = spawnSync('sh', ['-c', lines.join('\n')], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

/**
 * In turn, so that what the machine does meanwhile meets both alike.
 * @param {readonly string[]} names
 */
async function measure(names) {
  const times = { ip: /** @type {number[]} */ ([]), ours: /** @type {number[]} */ ([]) };
  const snapshot = engine.startScanner(calls)();
  await engine.lookAtNetworks(snapshot, []);
  for (let round = 0; round < ROUNDS; round += 1) {
    times.ip.push(await timed(() => shell(names.map((name) => `ip -n ${name} -j -d address >/dev/null`))));
    times.ours.push(await timed(() => engine.lookAtNetworks(snapshot, [])));
  }
  const [ip = NaN, ours = NaN] = [times.ip, times.ours].map(median);
  return `| ${names.length} | ${ip.toFixed(1)} | ${ours.toFixed(1)} (${(ip / ours).toFixed(1)}×) | ${names.length >= 200 ? 300 : ''} |`;
}

/** @param {() => unknown} work */
async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
