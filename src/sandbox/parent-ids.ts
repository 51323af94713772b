import { requireProgram } from '../host/programs.ts';
import { outputOf } from '../host/run-program.ts';
import { fail } from '../model/problem.ts';
import type { Profile } from '../model/profile.ts';
import { dropToShifted, hasOneId, idMapText, SHIFTED_BASE, type IdPlan, type IdRange } from './ids.ts';
import type { Parent } from './shared-namespaces.ts';

/** A user namespace with a process in it. */
export type ParentIds = Pick<Parent, 'pid' | 'uids' | 'gids'>;

/**
 * What a plan of ids comes to in a user namespace that has not all of them itself.
 * @throws ProblemError `idRangesMissing` where ranges are asked for and only one id is left.
 */
export function idsWithin(
  ids: IdPlan,
  parent: Pick<Parent, 'uids' | 'gids'> | undefined,
  wish: Profile['ids'],
): IdPlan {
  if (parent === undefined) return ids;
  const [uids, gids] = [common(ids.uids, parent.uids), common(ids.gids, parent.gids)];
  const left: IdPlan = { ...ids, uids, gids };
  if (!hasOneId(left)) return left;
  if (wish === 'ranges') fail('idRangesMissing', { missing: 'parent' });
  const first = { uids: uids.slice(0, 1), gids: gids.slice(0, 1) };
  return { kind: ids.kind === 'shifted' ? 'shifted' : 'single', ...first };
}

/** The ids that both have, still as the host counts outside. */
function common(ranges: readonly IdRange[], parents: readonly IdRange[]): readonly IdRange[] {
  return ranges.flatMap((range) => parents.flatMap((parent) => overlap(range, parent)));
}

/** Ranges as the parent counts outside. */
function asSeenBy(ranges: readonly IdRange[], parents: readonly IdRange[]): readonly IdRange[] {
  return ranges.flatMap((range) =>
    parents.flatMap((parent) =>
      overlap(range, parent).map((both) => ({ ...both, outside: both.outside - parent.outside + parent.inside })),
    ),
  );
}

function overlap(range: IdRange, parent: IdRange): readonly IdRange[] {
  const from = Math.max(range.outside, parent.outside);
  const to = Math.min(range.outside + range.count, parent.outside + parent.count);
  return from < to ? [{ inside: range.inside + from - range.outside, outside: from, count: to - from }] : [];
}

/**
 * Writes both id maps from within the parent: the kernel lets only a process of the user namespace itself or of its parent
 * write them (user_namespaces(7), "Defining user and group ID mappings"), so that newuidmap(1) cannot.
 */
export async function writeIdMapsWithin(parent: ParentIds, pid: number, ids: IdPlan): Promise<void> {
  const script = 'printf %s "$2" >"/proc/$1/uid_map" && printf %s "$3" >"/proc/$1/gid_map"';
  const maps = [idMapText(asSeenBy(ids.uids, parent.uids)), idMapText(asSeenBy(ids.gids, parent.gids))];
  const enter = ['nsenter', '--target', String(parent.pid), '--user', ...asRootOf(parent, ids), '--'];
  const words = [...dropToShifted(ids), ...enter, 'sh', '-c', script, 'sh', String(pid), ...maps];
  const [file = '', ...args] = words;
  await outputOf(requireProgram(file === 'setpriv' ? 'setpriv' : 'nsenter'), args);
}

/** Only root keeps over the exec the capabilities that this needs. */
function asRootOf({ uids }: ParentIds, ids: IdPlan): readonly string[] {
  const own = ids.kind === 'shifted' ? SHIFTED_BASE : (ids.uids[0]?.outside ?? 0);
  const isRoot = uids.some(({ inside, outside }) => inside === 0 && outside === own);
  return isRoot ? ['--preserve-credentials'] : ['--setuid=0', '--setgid=0'];
}
