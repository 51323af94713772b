import type { Pinned } from '../../model/sandbox.ts';
import { enterOptions } from '../identity.ts';
import type { IdPlan } from '../ids.ts';
import { shellWord } from './quote.ts';
import type { Parent, Sharing } from '../shared-namespaces.ts';

/** Words that enter the namespaces which only real root may enter. */
export function enterEarly({ early }: Sharing): readonly string[] {
  return early.length === 0 ? [] : ['nsenter', ...early.map(({ option }) => option), '--'];
}

/** Words that enter the user namespace which was made for the sandbox, as root inside: another would lose its capabilities by an exec. */
export function enterMade({ pid }: Pinned, ids: IdPlan): readonly string[] {
  return ['nsenter', '--target', String(pid), '--user', ...enterOptions(ids), '--'];
}

/** Words that enter a user namespace, and what it owns of the shared ones: nsenter(1) tries these again after the first. */
export function enterParent({ pid, shared }: Pick<Parent, 'pid' | 'shared'>): readonly string[] {
  const options = shared.map(({ option }) => option);
  return ['nsenter', '--target', String(pid), '--user', ...options, '--preserve-credentials', '--'];
}

/** Lines of sh(1) that end it unless a process is still the one it was: field 22 of proc_pid_stat(5), after the name in brackets. */
export function stillThere({ pid, startTime }: Pinned, message = 'The other sandbox has ended.'): readonly string[] {
  return [
    '# What is entered must still be what it was: its start time says so, proc_pid_stat(5).',
    'started_at() { shift 19; echo "$1"; }',
    `read -r stat 2>/dev/null </proc/${pid}/stat && [ "$(started_at \${stat##*) })" = ${startTime} ] || { echo ${shellWord(message)} >&2; exit 1; }`,
  ];
}
