import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { USER } from '../support/unshared.ts';
import { FOR_USER } from './holders.ts';
import { framed, HELPER, type RawAnswer } from './raw-helper.ts';

/** Every system call by which root can change something of the machine; of those that open files only the ones that may write. */
const CHANGING = [
  ...['execve', 'execveat', 'kill', 'tkill', 'tgkill', 'pidfd_send_signal', 'ptrace', 'process_vm_writev'],
  ...['open', 'openat', 'openat2', 'creat', 'truncate', 'ftruncate', 'mknod', 'mknodat'],
  ...['mkdir', 'mkdirat', 'rmdir', 'unlink', 'unlinkat', 'rename', 'renameat', 'renameat2'],
  ...['link', 'linkat', 'symlink', 'symlinkat', 'chmod', 'fchmod', 'fchmodat', 'chown', 'fchown', 'lchown', 'fchownat'],
  ...['setxattr', 'lsetxattr', 'fsetxattr', 'utimensat', 'chdir', 'fchdir', 'chroot', 'pivot_root'],
  ...['mount', 'umount2', 'move_mount', 'fsopen', 'fsmount', 'fsconfig', 'open_tree', 'mount_setattr', 'swapon'],
  ...['setns', 'unshare', 'setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid', 'setfsuid', 'setfsgid'],
  ...['setgroups', 'capset', 'prctl', 'seccomp', 'bpf', 'keyctl', 'add_key', 'ioperm', 'iopl', 'quotactl', 'acct'],
  ...['sethostname', 'setdomainname', 'settimeofday', 'clock_settime', 'adjtimex', 'reboot', 'kexec_load', 'syslog'],
  ...['init_module', 'finit_module', 'delete_module', 'socket', 'bind', 'connect', 'setpriority', 'prlimit64'],
] as const;

export interface Request {
  readonly verb: string;
  readonly params: unknown;
}

/** What a session came to: an answer a request, and each system call that changed something, made plain and named once. */
export interface TracedSession {
  readonly answers: readonly RawAnswer[];
  readonly calls: readonly string[];
}

/** Lines of sh by which a host in a network of its own seems to have a way out. */
const ONLINE = `ip link add eth0 type veth peer name gw; ip address add 192.0.2.2/24 dev eth0
  ip link set gw up; ip link set eth0 up; ip route add default via 192.0.2.1; exec "$@"`;

/** Runs a helper as root under strace(1) through a whole session of a user who stands in passwd(5). */
export async function traceSession(requests: readonly Request[]): Promise<TracedSession> {
  const folder = mkdtempSync(join(tmpdir(), 'helper-trace-'));
  try {
    const traced = `?${CHANGING.join(',?')}`;
    const options = ['-ff', '-qq', '-v', '-s', '4096', '--signal=none', '-e', `trace=${traced}`];
    const words = [...options, '-o', join(folder, 'of'), '--', process.execPath, HELPER];
    const command = ['unshare', ...knownUser(folder), 'strace', ...words];
    const child = spawn('unshare', ['--net', '--', 'sh', '-c', ONLINE, 'sh', ...command], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH, ...FOR_USER },
    });
    const [said] = await Promise.all([text(child.stdout), send(child.stdin, requests), once(child, 'exit')]);
    return { answers: answersIn(said), calls: callsIn(folder) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A mount namespace in which the user has a line in /etc/passwd, and ids of /etc/subuid and /etc/subgid. */
export function knownUser(folder: string): readonly string[] {
  const ids = `${USER}:900000:1000\n`;
  const passwd = `${readFileSync('/etc/passwd', 'utf8')}test-user:x:${USER}:${USER}::/nonexistent:/bin/sh\n`;
  const binds = Object.entries({ passwd, subuid: ids, subgid: ids }).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return `touch /etc/${name} && mount --bind ${join(folder, name)} /etc/${name}`;
  });
  return ['--mount', '--propagation', 'private', '--', 'sh', '-c', `${binds.join(' && ')} && exec "$@"`, 'sh'];
}

async function send(stdin: NodeJS.WritableStream, requests: readonly Request[]): Promise<void> {
  requests.forEach(({ verb, params }, id) =>
    stdin.write(framed(JSON.stringify({ jsonrpc: '2.0', id, method: verb, params }))),
  );
  stdin.end();
  await once(stdin, 'finish');
}

function answersIn(said: string): readonly RawAnswer[] {
  const bodies = said.split(/Content-Length: \d+\r\n\r\n/).filter((body) => body.includes('"id":'));
  return bodies.map((body) => JSON.parse(body) as RawAnswer);
}

/** A file a process or thread; the first line of the first is how the helper itself was started. */
function callsIn(folder: string): readonly string[] {
  const files = readdirSync(folder)
    .filter((name) => name.startsWith('of.'))
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));
  const lines = files.flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'));
  const done = lines.slice(1).filter((line) => /^\w+\(.*= \d/.test(line) && !isHarmless(line));
  return [...new Set(done.map(plain))].sort();
}

/** Reading, asking, and what the runtime does to itself. */
function isHarmless(call: string): boolean {
  if (/^open/.test(call)) return !/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(call) || call.includes('"/dev/null"');
  if (/^prctl/.test(call)) return /PR_SET_NAME|PR_CAPBSET_READ|PR_GET|PR_CAP_AMBIENT_IS_SET|PR_SET_VMA/.test(call);
  if (/^prlimit64/.test(call)) return /, NULL, \{/.test(call) || call.includes('RLIMIT_NOFILE');
  return call === '';
}

/** Without what another run has otherwise: numbers of processes and descriptors, and where this host mounts its hierarchies. */
function plain(call: string): string {
  const mounts = cgroupHierarchies().map(({ mountPoint }) => mountPoint);
  const longestFirst = mounts.sort((a, b) => b.length - a.length);
  const placed = longestFirst.reduce((line, mount) => line.replaceAll(`"${mount}/`, '"HIERARCHY/'), call);
  return placed
    .replace(/"-e", "(?:[^"\\]|\\.)*"(?:\.\.\.)?/, '"-e", SCRIPT')
    .replace(/"add table (?:[^"\\]|\\.)*"(?:\.\.\.)?/, 'RULES')
    .replace(/"--", "\d+", "[\d,]+", "[\d,]+"/, '"--", "SETNS", "N,…", "N,…"')
    .replace(/ += .*$/, '')
    .replace(/\b47000\.test-calls\b/g, 'UID.ID')
    .replace(/\/proc\/\d+/g, '/proc/PID')
    .replace(/\/fd\/\d+/g, '/fd/N')
    .replace(/^(setns|fchdir|fchown|fchmod|ftruncate|connect|bind)\(\d+/, '$1(N')
    .replace(/^kill\(\d+/, 'kill(PID')
    .replace(/pid=\d+/g, 'pid=PID')
    .replace(/\{effective=.*, inheritable=/, '{…, inheritable=')
    .replace(/links\/test-a\.\d+\.\d+/, 'links/test-a.PID.TIME')
    .replace(/0x[0-9a-f]{6,}/g, 'POINTER')
    .replace(/, 0(666|400)\)$/, ')');
}
