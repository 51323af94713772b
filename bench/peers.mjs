import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getuid, pid } from 'node:process';

/** A runc of 1.1 knows no time namespace. */
const WITHOUT_TIME = ['pid', 'network', 'ipc', 'uts', 'mount', 'user', 'cgroup'];

/**
 * What does the same, as far as it is installed.
 * @param {string} work a folder for what they need
 * @returns {readonly (readonly [string, readonly string[]])[]} names and command lines
 */
export function freshPeers(work) {
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
  if (has('crun')) {
    const run = (/** @type {string} */ manager, /** @type {string} */ bundle) => [
      'crun',
      `--cgroup-manager=${manager}`,
      'run',
      '--bundle',
      bundle,
      `bench-${pid}`,
    ];
    peers.push(['crun run', run('disabled', crunBundle(join(work, 'bundle')))]);
    const limits = { memory: { limit: 4 * 1024 ** 3 }, pids: { limit: 1024 } };
    peers.push(['crun run, with limits', run('cgroupfs', crunBundle(join(work, 'limited'), limits))]);
    if (has('runc') && getuid?.() === 0)
      peers.push([
        'runc run',
        ['runc', 'run', '--bundle', crunBundle(join(work, 'runc'), undefined, WITHOUT_TIME), `bench-runc-${pid}`],
      ]);
  }
  if (has('firejail')) peers.push(['firejail', ['firejail', '--quiet', '--noprofile', '--net=none', 'true']]);
  return peers;
}

/**
 * What is changed of config.json of the OCI runtime specification.
 * @typedef {{ destination: string, source: string, type: string, options: string[] }} OciMount
 * @typedef {{ process: { terminal: boolean, args: string[] }, mounts: OciMount[], linux: Record<string, unknown> }} OciSpec
 */

/**
 * The same root and the same namespaces as an OCI bundle.
 * @param {string} bundle
 * @param {Record<string, unknown>} [resources] limits
 * @param {readonly string[]} [types] of namespaces
 */
function crunBundle(bundle, resources, types = ['pid', 'network', 'ipc', 'uts', 'mount', 'user', 'cgroup', 'time']) {
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
  spec.linux.namespaces = types.map((type) => ({ type }));
  const map = [{ containerID: 0, hostID: 524288, size: 65536 }];
  Object.assign(spec.linux, { uidMappings: map, gidMappings: map });
  spec.linux.resources = resources;
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
