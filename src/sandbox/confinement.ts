import { boundingSet } from './capabilities.ts';
import type { Plan } from './plan.ts';
import { shellWords } from './quote.ts';

/**
 * The command line that confines a process of the sandbox and then runs what follows it. Whoever joins needs it again:
 * setns(2) gives every capability back, and a joiner inherits nothing of what PID 1 has given up.
 */
export function confined({ profile, tool }: Pick<Plan, 'profile' | 'tool'>): string {
  const bounding = boundingSet(profile.capabilities);
  const options = [
    ...(profile.noNewPrivileges ? ['--no-new-privs'] : []),
    ...['--inh-caps=-all', '--ambient-caps=-all'],
    ...(bounding === undefined ? [] : [`--bounding-set=${bounding}`]),
  ];
  return `${tool('setpriv')} ${shellWords(options)} --`;
}
