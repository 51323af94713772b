import { boundingSet } from './capabilities.ts';
import { FILTER_INSIDE } from './foreign-tools.ts';
import type { Plan } from './plan.ts';
import { shellWords } from './quote.ts';
import { perlLoader } from './seccomp/loader.ts';

/**
 * The command line that confines a process of the sandbox and then runs what follows it. Whoever joins needs it again:
 * setns(2) gives every capability back, and a joiner inherits nothing of what PID 1 has given up.
 */
export function confined(plan: Plan): string {
  const setpriv = `${plan.tool('setpriv')} ${shellWords(options(plan))} --`;
  if (plan.seccomp?.loader !== 'perl') return setpriv;
  const perl = perlLoader(plan.tool('perl'), FILTER_INSIDE[plan.foreign ? 'foreign' : 'host']);
  // Without no_new_privs only who still has every capability may load a filter, seccomp(2); else it comes last.
  return plan.profile.noNewPrivileges ? `${setpriv} ${perl}` : `${perl} ${setpriv}`;
}

function options({ profile, seccomp, foreign }: Plan): readonly string[] {
  const bounding = boundingSet(profile.capabilities);
  return [
    ...(profile.noNewPrivileges ? ['--no-new-privs'] : []),
    ...['--inh-caps=-all', '--ambient-caps=-all'],
    ...(bounding === undefined ? [] : [`--bounding-set=${bounding}`]),
    ...(seccomp?.loader === 'setpriv' ? [`--seccomp-filter=${FILTER_INSIDE[foreign ? 'foreign' : 'host']}`] : []),
  ];
}
