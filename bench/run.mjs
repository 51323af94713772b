// npm run bench: fresh sandboxes and joins, side by side with unshare, bwrap, crun and nsenter; writes bench/README.md's table.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { argv, env, execPath, exit, getuid, pid, version } from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { build } from 'esbuild';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const ROUNDS = Number(argv[2] ?? 40);
if (getuid?.() === 0 && env.BENCH_PRIVATE === undefined) exit(runPrivately());
const work = mkdtempSync(join(tmpdir(), 'unshared-bench-'));
const workspace = join(work, 'workspace');
mkdirSync(workspace);
chmodSync(work, 0o755);

/** @typedef {typeof import('../src/sandbox/launch.ts') & typeof import('../src/sandbox/join.ts') & typeof import('../src/profile/load.ts') & typeof import('../src/elevation/session.ts')} Engine */

const engine = await loadEngine();
/** @type {Record<string, number[]>} */
const times = {};
try {
  await measure();
  report();
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

/** @returns {Promise<Engine>} the engine as it is in the extension host */
async function loadEngine() {
  const outfile = join(PROJECT, 'out/bench-engine.mjs');
  await build({
    stdin: {
      contents: `
        export { launchSandbox } from './src/sandbox/launch.ts';
        export { joinCommand } from './src/sandbox/join.ts';
        export { loadProfiles, resolveProfile } from './src/profile/load.ts';
        export { helperSession } from './src/elevation/session.ts';`,
      resolveDir: PROJECT,
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    outfile,
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    external: ['koffi'],
    logLevel: 'error',
  });
  const loaded = /** @type {unknown} */ (await import(outfile));
  return /** @type {Engine} */ (loaded);
}

/** In turn, so that what the machine does meanwhile meets all of them alike. */
async function measure() {
  const session = engine.helperSession(join(PROJECT, 'dist/helper.cjs'), () => undefined);
  const file = {
    file: 'bench',
    source: /** @type {const} */ ('user'),
    text: JSON.stringify({
      profiles: {
        bench: { extends: 'throwaway', limits: { 'memory.max': 'max', 'pids.max': 'max' } },
        limited: { extends: 'throwaway' },
      },
    }),
  };
  const profile = (/** @type {string} */ name) =>
    engine.resolveProfile(engine.loadProfiles([file]), name, { workspaceFolder: workspace, env: {}, home: work });
  const ours = async (/** @type {string} */ name) => {
    const {
      sandbox,
      release: end,
      ended,
    } = await engine.launchSandbox({ profile: profile(name), workspaceFolder: workspace }, session);
    const { file: sh, args, env } = engine.joinCommand(sandbox, ['true']);
    await run(sh, args, env);
    end();
    await ended;
  };
  const peers = freshPeers();
  const standing = await engine.launchSandbox({ profile: profile('bench'), workspaceFolder: workspace }, session);
  const { file: sh, args, env } = engine.joinCommand(standing.sandbox, ['true']);
  const types = [
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
  for (let round = 0; round < ROUNDS + 3; round += 1) {
    const keep = round >= 3;
    for (const [name, command] of peers)
      await timed(`fresh: ${name}`, keep, () => run(command[0] ?? '', command.slice(1)));
    await timed('fresh: unshared, in a process that runs', keep, () => ours('bench'));
    await timed('fresh: unshared, with limits', keep, () => ours('limited'));
    await timed('fresh: unshared run, as a command', keep, () =>
      run(execPath, [join(PROJECT, 'dist/cli.js'), 'run', '--workspace', workspace, '--', 'true']),
    );
    await timed('join: nsenter', keep, () =>
      run('nsenter', ['--target', String(standing.sandbox.pid), ...types, '/bin/sh', '-c', 'true']),
    );
    await timed('join: unshared', keep, () => run(sh, args, env));
  }
  standing.release();
  await standing.ended;
}

/** @returns {readonly (readonly [string, readonly string[]])[]} */
function freshPeers() {
  const all = [
    '--user',
    '--map-root-user',
    '--mount',
    '--pid',
    '--fork',
    '--net',
    '--ipc',
    '--uts',
    '--cgroup',
    '--time',
    '--mount-proc',
  ];
  const drop = getuid?.() === 0 ? ['setpriv', '--reuid', '524288', '--regid', '524288', '--clear-groups', '--'] : [];
  /** @type {[string, readonly string[]][]} */
  const peers = [['unshare', [...drop, 'unshare', ...all, 'true']]];
  if (has('bwrap')) {
    const binds = ['/usr', '/etc', '/opt'].flatMap((folder) => ['--ro-bind', folder, folder]);
    const links = ['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]);
    const fresh = ['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--tmpfs', '/run'];
    peers.push([
      'bwrap',
      [
        ...drop,
        'bwrap',
        '--unshare-all',
        '--unshare-user',
        '--new-session',
        '--die-with-parent',
        ...binds,
        ...links,
        ...fresh,
        'true',
      ],
    ]);
  }
  if (has('crun'))
    peers.push(['crun run', ['crun', '--cgroup-manager=disabled', 'run', '--bundle', crunBundle(), `bench-${pid}`]]);
  return peers;
}

/**
 * What is changed of config.json of the OCI runtime specification.
 * @typedef {{ destination: string, source: string, type: string, options: string[] }} OciMount
 * @typedef {{ process: { terminal: boolean, args: string[] }, mounts: OciMount[], linux: Record<string, unknown> }} OciSpec
 */

/** The same root and the same namespaces as an OCI bundle. */
function crunBundle() {
  const bundle = join(work, 'bundle');
  mkdirSync(join(bundle, 'rootfs'), { recursive: true });
  execFileSync('crun', ['spec'], { cwd: bundle });
  /** @type {unknown} */
  const parsed = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
  const spec = /** @type {OciSpec} */ (parsed);
  for (const folder of ['usr', 'etc', 'opt', 'proc', 'dev', 'sys', 'tmp', 'run'])
    mkdirSync(join(bundle, 'rootfs', folder));
  for (const name of ['bin', 'sbin', 'lib', 'lib64'])
    execFileSync('ln', ['-s', `usr/${name}`, join(bundle, 'rootfs', name)]);
  spec.process.terminal = false;
  spec.process.args = ['true'];
  spec.mounts = spec.mounts.filter(({ type }) => type !== 'cgroup' && type !== 'cgroup2');
  spec.mounts.push(
    ...['usr', 'etc', 'opt'].map((name) => ({
      destination: `/${name}`,
      source: `/${name}`,
      type: 'bind',
      options: ['rbind', 'ro'],
    })),
  );
  spec.linux.namespaces = ['pid', 'network', 'ipc', 'uts', 'mount', 'user', 'cgroup', 'time'].map((type) => ({ type }));
  const map = [{ containerID: 0, hostID: 524288, size: 65536 }];
  Object.assign(spec.linux, { uidMappings: map, gidMappings: map });
  delete spec.linux.resources;
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
  return bundle;
}

/** @param {string} name */
function has(name) {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    console.log(`${name} is not installed: left out`);
    return false;
  }
}

/**
 * @param {string} name
 * @param {boolean} keep
 * @param {() => Promise<void>} work
 */
async function timed(name, keep, work) {
  const start = performance.now();
  await work();
  if (keep) (times[name] ??= []).push(performance.now() - start);
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {Readonly<Record<string, string>>} [env]
 * @returns {Promise<void>} rejects if it fails
 */
function run(file, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], ...(env && { env }) });
    let stderr = '';
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    child.on('error', reject);
    child.on('close', (status) =>
      status === 0 ? resolve() : reject(new Error(`${file} ${args.join(' ')}: ${status} ${stderr}`)),
    );
  });
}

function report() {
  const median = (/** @type {string} */ name) =>
    [...(times[name] ?? [])].sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? NaN;
  const rows = Object.keys(times).map((name) => {
    const base = name.startsWith('join') ? 'join: nsenter' : 'fresh: crun run';
    return `| ${name} | ${median(name).toFixed(1)} | ${(median(name) / median(base)).toFixed(2)} |`;
  });
  const table = ['| what | median ms | ratio |', '|---|---:|---:|', ...rows].join('\n');
  console.log(`${table}\n${ROUNDS} rounds, ${cpus().length} CPUs, Linux ${release()}, Node ${version}`);
}
