import { mayMount } from '../capabilities.ts';
import { isNew } from '../choices.ts';
import { commandFacts, confinementFacts } from '../confinement.ts';
import type { Fact } from './facts.ts';
import { becomeRoot } from '../identity.ts';
import type { IdPlan, IdRange } from '../ids.ts';
import { idMapText } from '../ids.ts';
import type { Plan } from '../plan.ts';

/** What PID 1 carries as its command line, so that a sandbox whose state was lost is found again. */
export function mark(id: string): string {
  return `namespace-sandboxes:${id}`;
}

/** What the program inside is told; `at` says whether it stands at the first gate itself, or the script has passed it. */
export function insideFacts(plan: Plan, at: 'gate' | 'passed'): readonly Fact[] {
  const { id, profile, folder, ids, held } = plan;
  const handed = held !== undefined && ids.kind !== 'single';
  return [
    ['folder', folder],
    ...(at === 'passed' ? [] : [[handed ? 'tell' : 'gate'] as const]),
    ...(becomeRoot(ids).length > 0 ? [['root'] as const] : []),
    ...(isNew(profile, 'uts') ? [['hostname', profile.hostname] as const] : []),
    ...(isNew(profile, 'uts') && profile.domainname !== undefined ? [['domainname', profile.domainname] as const] : []),
    ...(at === 'gate' && isNew(profile, 'net') ? [['loopback'] as const] : []),
    ...Object.entries(countsOf(plan)).map(([file, most]): Fact => ['write', `/proc/sys/user/${file}`, most]),
    ...(isNew(profile, 'cgroup') ? [['cgroup'] as const] : []),
    ['mark', mark(id)],
    ...(profile.lifetime === 'untilStopped' ? [['stays'] as const] : []),
    ...confinementFacts(plan),
    ...commandFacts(plan),
  ];
}

function countsOf(plan: Plan): Plan['userLimits'] {
  return { ...plan.userLimits, ...(refusesNested(plan) ? { max_user_namespaces: 0 } : {}) };
}

/** What the program in the outer namespaces is told. A single id is mapped by unshare(1) itself. */
export function outerFacts({ folder, ids }: Plan): readonly Fact[] {
  return [['folder', folder], ...(ids.kind === 'single' ? [] : [idsFact(ids)])];
}

/** The inner user namespace has the same ids as the outer one. */
function idsFact({ uids, gids }: IdPlan): Fact {
  const same = (ranges: readonly IdRange[]): string =>
    idMapText(ranges.map((range) => ({ ...range, outside: range.inside })));
  return ['ids', same(uids), same(gids)];
}

/**
 * Whether there are no user namespaces inside, because one would undo what a profile closes: in it one has CAP_SYS_ADMIN, can
 * detach every mount in a mount namespace of its own, and can rename there what they stood on (rename(2), EBUSY). That is so in a
 * sandbox without held mounts whose filter does not refuse them already.
 */
function refusesNested({ profile, held, seccomp }: Plan): boolean {
  const isRefused = seccomp !== undefined && profile.seccomp.kind !== 'file' && !mayMount(profile.capabilities);
  return held === undefined && !isRefused && closesSomething(profile);
}

function closesSomething({ workspace, maskedPaths, readOnlyPaths, mounts }: Plan['profile']): boolean {
  const closed = [...maskedPaths, ...readOnlyPaths, ...mounts.filter(({ kind }) => kind === 'mask')];
  return workspace === 'rw' || closed.length > 0;
}
