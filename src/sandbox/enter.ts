import { existsSync } from 'node:fs';
import { startTimeOf } from '../discovery/pin.ts';
import type { InstalledHelper } from '../model/elevation.ts';
import { findProgram, requireProgram } from '../host/programs.ts';
import { fail } from '../model/problem.ts';
import type { NamespaceType } from '../model/namespace.ts';
import type { JoinCommand } from './join.ts';
import { shellWord, shellWords } from './script/quote.ts';

/** Options of nsenter(1) by type. The user namespace comes first: it gives the right to enter the others. */
export const OPTIONS = {
  user: '--user',
  mnt: '--mount',
  pid: '--pid',
  net: '--net',
  ipc: '--ipc',
  uts: '--uts',
  cgroup: '--cgroup',
  time: '--time',
} as const satisfies Record<NamespaceType, string>;

/**
 * A shell in namespaces of a process, by plain nsenter(1): with the rights of the caller, and nothing confined.
 * The process must still be the one that was looked at when the shell starts.
 * @throws ProblemError `processGone`.
 */
export function enterNamespaceCommand(pid: number, types: readonly NamespaceType[]): JoinCommand {
  const startTime = startTimeOf(pid) ?? fail('processGone', { pid });
  const own = types.includes('user') && process.getuid?.() !== 0 ? ['--preserve-credentials'] : [];
  const nsenter = [requireProgram('nsenter'), '--target', String(pid), ...optionsOf(types), ...own, '--'];
  const script = [...stillThere(pid, startTime), `exec ${shellWords([...nsenter, '/bin/sh', '-c', SHELL])}`];
  return shellCommand(script, types);
}

/** Namespaces of a process that root is to enter, each with its inode where the caller can see it. */
export interface RootDestination {
  readonly pid: number;
  readonly namespaces: readonly (readonly [NamespaceType, number | undefined])[];
}

/**
 * A root shell in namespaces of somebody else's process, on a terminal that asks for the password where no desktop does.
 * The installed helper's `enter` looks at the process and at each namespace again once it is root; without it, nothing does
 * (`pinned` is false), and the process may have become another while the password was typed.
 * @throws ProblemError `processGone`, and `programMissing` where there is neither pkexec(1) nor sudo(8).
 */
export function enterAsRootCommand(
  { pid, namespaces }: RootDestination,
  installed: InstalledHelper,
): { readonly command: JoinCommand; readonly pinned: boolean } {
  const startTime = startTimeOf(pid) ?? fail('processGone', { pid });
  const types = namespaces.map(([type]) => type);
  const pinned = installed.state === 'current';
  const program = pinned
    ? [installed.enter, String(pid), String(startTime), ...namespaces.map(([type, inode]) => `${type}:${inode ?? ''}`)]
    : plainEnter(pid, types);
  return { command: shellCommand([...stillThere(pid, startTime), ...asRootLines(program)], types), pinned };
}

/** What ip-netns(8) can call a network, as the name of a file (path_resolution(7)). */
const NETNS_NAME = /^(?!\.{1,2}$)[^/\0\n]+$/;

/**
 * A root shell in a network namespace that ip-netns(8) knows by a name: its folder is root's alone, so that the name cannot become
 * another's while the password is typed. As a part of a path, one that begins with `-` is no option.
 * @throws ProblemError `wrongName` where the path would lead elsewhere.
 */
export function enterNamedNetworkCommand(name: string): JoinCommand {
  if (!NETNS_NAME.test(name) || Buffer.byteLength(name) > 255)
    fail('wrongName', { name, expected: 'the name of a file in /run/netns' });
  const program = [requireProgram('nsenter'), `--net=/run/netns/${name}`, '--', '/bin/sh', '-c', SHELL];
  const lines = process.getuid?.() === 0 ? [`exec ${shellWords(program)}`] : asRootLines(program);
  return shellCommand(lines, ['net']);
}

/** With the machine's own files, /proc is mounted anew, so that ps(1) shows the processes that were entered. */
function plainEnter(pid: number, types: readonly NamespaceType[]): readonly string[] {
  const options = types.length === Object.keys(OPTIONS).length ? ['--all'] : optionsOf(types);
  const around =
    types.includes('pid') && !types.includes('mnt') ? [requireProgram('unshare'), '--mount', '--mount-proc'] : [];
  return [requireProgram('nsenter'), '--target', String(pid), ...options, '--', ...around, '/bin/sh', '-c', SHELL];
}

/**
 * sudo(8) asks on this terminal by itself. For pkexec(1), pkttyagent(1) does; the shell
 * waits until it is there (it closes its descriptor 3), and stays, because pkexec is authorised by who has started it.
 */
export function asRootLines(program: readonly string[]): readonly string[] {
  const sudo = findProgram('pkexec') === undefined ? findProgram('sudo') : undefined;
  if (sudo !== undefined) return [`exec ${shellWords([sudo, '--reset-timestamp', '--', ...program])}`];
  const pkexec = requireProgram('pkexec');
  const agent = findProgram('pkttyagent');
  return [
    ...(agent === undefined ? [] : [`{ ${shellWord(agent)} --process $$ --notify-fd 3 3>&1 >/dev/null & } | cat`]),
    shellWords([pkexec, '--disable-internal-agent', ...program]),
    'status=$?',
    'case $status in',
    "  126) echo 'The question for the password was dismissed: nothing was opened.' >&2 ;;",
    "  127) echo 'Root was not authorised: it needs the password of an administrator.' >&2 ;;",
    'esac',
    'exit $status',
  ];
}

function optionsOf(types: readonly NamespaceType[]): readonly string[] {
  return Object.entries(OPTIONS).flatMap(([type, option]) => (types.includes(type as NamespaceType) ? [option] : []));
}

function stillThere(pid: number, startTime: number): readonly string[] {
  const gone = shellWord(`Process ${pid} has ended.`);
  return [
    'started_at() { shift 19; echo "$1"; }',
    `read -r stat 2>/dev/null </proc/${pid}/stat && [ "$(started_at \${stat##*) })" = ${startTime} ] || { echo ${gone} >&2; exit 1; }`,
  ];
}

export function shellCommand(script: readonly string[], types: readonly NamespaceType[]): JoinCommand {
  return { file: '/bin/sh', args: ['-c', script.join('\n')], env: callerEnvironment(types) };
}

const SHELL =
  'for shell in /bin/bash /usr/bin/bash /bin/ash; do [ ! -x "$shell" ] || exec "$shell"; done; exec /bin/sh';

/** In its mounts the caller's folders are not there; otherwise this is the caller's own shell, elsewhere. */
function callerEnvironment(types: readonly NamespaceType[]): Readonly<Record<string, string>> {
  const { TERM = 'xterm-256color', HOME = '/', LANG = 'C.UTF-8' } = process.env;
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return { TERM, LANG, PATH: path, HOME: types.includes('mnt') || !existsSync(HOME) ? '/' : HOME };
}
