import { PERL_LOADER } from '../host/perl-loader.ts';
import { boundingSet } from './capabilities.ts';
import { filterInside } from './foreign-tools.ts';
import { becomeOptions, entersWithoutCapabilities } from './identity.ts';
import type { Plan } from './plan.ts';
import { shellWords } from './script/quote.ts';

/** The command line that makes PID 1 the user of the sandbox, confines it, and then runs what follows. */
export function confinedInit(plan: Plan): string {
  const become = becomeOptions(plan.identity, plan.ids);
  // A change of ids clears what ties it to its parent, PR_SET_PDEATHSIG(2const).
  const tied = become.length > 0 ? ['--pdeathsig=KILL'] : [];
  return confined(plan, [...become, ...tied, ...bounding(plan)]);
}

/**
 * The same for a terminal. Whoever joins needs it again: setns(2) gives every capability back, and a joiner inherits nothing
 * of what PID 1 has given up. PID 1 runs nothing but itself, and what is under rules of Landlock can trace no process that is not.
 */
export function confinedTerminal(plan: Plan): string {
  const set = entersWithoutCapabilities(plan.ids) ? [] : bounding(plan);
  return confined(plan, [...becomeOptions(plan.identity, plan.ids), ...set], plan.landlock);
}

function confined(plan: Plan, first: readonly string[], last: readonly string[] = []): string {
  const setpriv = `${plan.tool('setpriv')} ${shellWords([...first, ...options(plan), ...last])} --`;
  if (plan.seccomp?.loader !== 'perl') return setpriv;
  const perl = `${plan.tool('perl')} ${shellWords([...PERL_LOADER, filterInside(plan.foreign)])}`;
  // Without no_new_privs only who still has every capability may load a filter, seccomp(2); else it comes last.
  return plan.profile.noNewPrivileges ? `${setpriv} ${perl}` : `${perl} ${setpriv}`;
}

function bounding({ profile }: Plan): readonly string[] {
  const set = boundingSet(profile.capabilities);
  return set === undefined ? [] : [`--bounding-set=${set}`];
}

function options({ profile, seccomp, foreign }: Plan): readonly string[] {
  return [
    ...(profile.noNewPrivileges ? ['--no-new-privs'] : []),
    ...['--inh-caps=-all', '--ambient-caps=-all'],
    ...(seccomp?.loader === 'setpriv' ? [`--seccomp-filter=${filterInside(foreign)}`] : []),
  ];
}
