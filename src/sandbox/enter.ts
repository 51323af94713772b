import { existsSync } from 'node:fs';
import { startTimeOf } from '../discovery/pin.ts';
import { requireProgram } from '../host/programs.ts';
import { fail } from '../model/problem.ts';
import type { NamespaceType } from '../model/namespace.ts';
import type { JoinCommand } from './join.ts';
import { shellWord, shellWords } from './quote.ts';

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
  const options = Object.entries(OPTIONS)
    .filter(([type]) => types.includes(type as NamespaceType))
    .map(([, option]) => option);
  const nsenter = [requireProgram('nsenter'), '--target', String(pid), ...options, ...own, '--'];
  const script = [
    'started_at() { shift 19; echo "$1"; }',
    `read -r stat 2>/dev/null </proc/${pid}/stat && [ "$(started_at \${stat##*) })" = ${startTime} ] || { echo ${shellWord(`Process ${pid} has ended.`)} >&2; exit 1; }`,
    `exec ${shellWords(nsenter)} /bin/sh -c ${shellWord(SHELL)}`,
  ].join('\n');
  return { file: '/bin/sh', args: ['-c', script], env: callerEnvironment(types) };
}

const SHELL =
  'for shell in /bin/bash /usr/bin/bash /bin/ash; do [ ! -x "$shell" ] || exec "$shell"; done; exec /bin/sh';

/** In its mounts the caller's folders are not there; otherwise this is the caller's own shell, elsewhere. */
function callerEnvironment(types: readonly NamespaceType[]): Readonly<Record<string, string>> {
  const { TERM = 'xterm-256color', HOME = '/', LANG = 'C.UTF-8' } = process.env;
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return { TERM, LANG, PATH: path, HOME: types.includes('mnt') || !existsSync(HOME) ? '/' : HOME };
}
