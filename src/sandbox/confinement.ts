import { PERL_LOADER } from '../host/perl-loader.ts';
import { boundingSet } from './capabilities.ts';
import { filterInside } from './foreign-tools.ts';
import type { Plan } from './plan.ts';
import { shellWords } from './quote.ts';

/**
 * The command line that confines a process of the sandbox and then runs what follows it. Whoever joins needs it again:
 * setns(2) gives every capability back, and a joiner inherits nothing of what PID 1 has given up.
 */
export function confined(plan: Plan, more: readonly string[] = []): string {
  const setpriv = `${plan.tool('setpriv')} ${shellWords([...options(plan), ...more])} --`;
  if (plan.seccomp?.loader !== 'perl') return setpriv;
  const perl = `${plan.tool('perl')} ${shellWords([...PERL_LOADER, filterInside(plan.foreign)])}`;
  // Without no_new_privs only who still has every capability may load a filter, seccomp(2); else it comes last.
  return plan.profile.noNewPrivileges ? `${setpriv} ${perl}` : `${perl} ${setpriv}`;
}

/** The same for a terminal: PID 1 runs nothing but itself, and what is under rules of Landlock can trace no process that is not. */
export function confinedTerminal(plan: Plan): string {
  return confined(plan, plan.landlock);
}

function options({ profile, seccomp, foreign }: Plan): readonly string[] {
  const bounding = boundingSet(profile.capabilities);
  return [
    ...(profile.noNewPrivileges ? ['--no-new-privs'] : []),
    ...['--inh-caps=-all', '--ambient-caps=-all'],
    ...(bounding === undefined ? [] : [`--bounding-set=${bounding}`]),
    ...(seccomp?.loader === 'setpriv' ? [`--seccomp-filter=${filterInside(foreign)}`] : []),
  ];
}
