// npm run bench: scans of the whole machine, side by side with lsns; the table goes into bench/README.md.
// node bench/discovery.mjs [ROUNDS] [PROCESSES/NAMESPACES…]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { argv, memoryUsage } from 'node:process';
import { build } from 'esbuild';
import { median, PROJECT, report } from './report.mjs';

/** @typedef {typeof import('../src/discovery/snapshot.ts') & typeof import('../src/discovery/native.ts') & typeof import('../src/discovery/second-thread.ts') & typeof import('../src/discovery/client.ts')} Discovery */
/** @typedef {{ change: (count: number) => Promise<void>, end: () => Promise<void> }} Crowd */

const ROUNDS = Number(argv[2] ?? 7);
const SIZES = (argv.length > 3 ? argv.slice(3) : ['100/20', '1000/200', '5000/500']).map((size) =>
  size.split('/').map(Number),
);
const WORKER = join(PROJECT, 'dist/discovery-worker.cjs');

const engine = await loadDiscovery();
const calls = await engine.loadKernelCalls();
// As in the extension, where the second thread lives on: what is measured is a scan from nothing.
const second = engine.secondThread(WORKER);
/** @type {string[]} */
const rows = [];
for (const [processes = 0, namespaces = 0] of SIZES) {
  const crowd = await makeCrowd(processes, namespaces);
  try {
    rows.push(await measure(processes, namespaces, crowd));
  } finally {
    await crowd.end();
  }
}
const head = [
  '| processes / namespaces | lsns | lsns -J | full scan | again, 1% changed | host blocked at most | memory, MB |',
  '| --- | ---: | ---: | ---: | ---: | ---: | ---: |',
];
await report(['discovery', 'end of discovery'], [...head, ...rows], `Medians of ${ROUNDS} rounds in ms`);

/** @returns {Promise<Discovery>} */
async function loadDiscovery() {
  const outfile = join(PROJECT, 'out/bench-discovery.mjs');
  await build({
    stdin: {
      contents: ['snapshot', 'native', 'client', 'second-thread']
        .map((name) => `export * from './src/discovery/${name}.ts';`)
        .join('\n'),
      resolveDir: PROJECT,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    external: ['koffi'],
    logLevel: 'error',
  });
  const loaded = /** @type {unknown} */ (await import(outfile));
  return /** @type {Discovery} */ (loaded);
}

/**
 * Sleeping processes in groups, each with all eight namespaces of its own.
 * @param {number} processes
 * @param {number} namespaces
 * @returns {Promise<Crowd>}
 */
async function makeCrowd(processes, namespaces) {
  const groups = Math.round(namespaces / 8);
  const sleepers = Math.round(processes / groups) - 2;
  const script = `
    exec 2>/dev/null
    more() { sleep 1000000 </dev/null >/dev/null & last=$!; }
    i=0; while [ $i -lt ${sleepers} ]; do more; i=$((i+1)); done
    echo ready
    while read -r _; do kill $last; more; echo changed; done`;
  const all = ['-Urmpfniu', '--cgroup', '--time', '--kill-child', 'sh', '-c', script];
  const shells = Array.from({ length: groups }, () => spawn('unshare', all, { stdio: ['pipe', 'pipe', 'inherit'] }));
  await Promise.all(shells.map((shell) => once(shell.stdout, 'data')));
  return {
    change: async (count) => {
      for (let done = 0; done < count; done += groups)
        await Promise.all(
          shells.slice(0, count - done).map((shell) => {
            const changed = once(shell.stdout, 'data');
            shell.stdin.write('\n');
            return changed;
          }),
        );
    },
    end: async () => {
      await Promise.all(
        shells.map((shell) => {
          shell.stdin.end();
          return once(shell, 'close');
        }),
      );
    },
  };
}

/**
 * In turn, so that what the machine does meanwhile meets all of them alike.
 * @param {number} processes
 * @param {number} namespaces
 * @param {Crowd} crowd
 */
async function measure(processes, namespaces, crowd) {
  const times = {
    lsns: /** @type {number[]} */ ([]),
    json: /** @type {number[]} */ ([]),
    full: /** @type {number[]} */ ([]),
    again: /** @type {number[]} */ ([]),
  };
  const scan = engine.startScanner(calls, engine.secondThread(WORKER));
  scan();
  engine.startScanner(calls, second)();
  for (let round = 0; round < ROUNDS; round += 1) {
    times.lsns.push(timed(() => run('lsns', [])));
    times.json.push(timed(() => run('lsns', ['-J'])));
    times.full.push(timed(engine.startScanner(calls, second)));
    await crowd.change(Math.round(processes / 100));
    times.again.push(timed(scan));
  }
  const { blocked, megabytes } = await measureHost(crowd, Math.round(processes / 100));
  const [lsns, json, full, again] = [times.lsns, times.json, times.full, times.again].map(median);
  const ratio = (/** @type {number} */ time) => `${time.toFixed(1)} (${(Number(lsns) / time).toFixed(1)}×)`;
  return `| ${processes} / ${namespaces} | ${lsns?.toFixed(1)} | ${json?.toFixed(1)} | ${ratio(Number(full))} | ${ratio(Number(again))} | ${blocked.toFixed(1)} | ${megabytes.toFixed(0)} |`;
}

/**
 * What the extension host feels of a thread that scans.
 * @param {Crowd} crowd
 * @param {number} changes
 */
async function measureHost(crowd, changes) {
  const before = memoryUsage.rss();
  const discovery = engine.startDiscovery(WORKER);
  let blocked = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await discovery.snapshot();
    delay.disable();
    blocked = Math.max(blocked, delay.max / 1e6);
    await crowd.change(changes);
  }
  const megabytes = (memoryUsage.rss() - before) / 1024 ** 2;
  discovery.dispose();
  return { blocked, megabytes };
}

/** @param {() => unknown} work */
function timed(work) {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 */
function run(file, args) {
  const { status } = spawnSync(file, args, { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 30 });
  if (status !== 0) throw new Error(`${file} has failed`);
}
