import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { findProgram } from '../host/programs.ts';
import { parseSubordinateIds, type SubordinateRange } from '../host/subordinate-ids.ts';
import { fail, type ProblemArguments } from '../model/problem.ts';
import type { Profile } from '../model/profile.ts';

/** One line of /proc/PID/uid_map: `count` ids from `inside` on are those from `outside` on (user_namespaces(7)). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** How ids inside a sandbox map to ids of the host; the first line of each map has the id of whoever makes the sandbox. */
export interface IdPlan {
  /** `single`: only the caller's own id · `ranges`: also those of /etc/subuid · `shifted`: the caller is root, and no id inside is root's outside. */
  readonly kind: 'single' | 'ranges' | 'shifted';
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/** What a profile says about ids: who one is inside, and who else there is. */
export interface IdWish {
  readonly ids: Profile['ids'];
  readonly user: { readonly uid: number; readonly gid: number };
}

const ROOT_INSIDE: IdWish = { ids: 'auto', user: { uid: 0, gid: 0 } };

/** First id of the range that stands for a sandbox when root starts it: above what distributions give to users. */
export const SHIFTED_BASE = 524_288;
const SHIFTED_COUNT = 65_536;

/**
 * The mapping that a profile asks for, by itself the widest that the caller may have: root gets a high range that is never
 * root outside, a user with lines in /etc/subuid and /etc/subgid (subuid(5)) those ranges, anyone else the own id alone.
 * Ranges that are asked for are had through the helper where the programs are missing that give them.
 * @throws ProblemError `idRangesMissing` where ranges are asked for and there are none.
 */
export function planIds(uid: number, gid: number, { ids, user }: IdWish = ROOT_INSIDE): IdPlan {
  if (uid === 0) return { kind: 'shifted', uids: shifted(user.uid, ids), gids: shifted(user.gid, ids) };
  const own = {
    uids: [{ inside: user.uid, outside: uid, count: 1 }],
    gids: [{ inside: user.gid, outside: gid, count: 1 }],
  };
  if (ids === 'single') return { kind: 'single', ...own };
  const missing = missingForRanges(uid);
  if (missing !== undefined && !(missing === 'programs' && ids === 'ranges'))
    return ids === 'auto' ? { kind: 'single', ...own } : fail('idRangesMissing', { missing });
  const uids = around(user.uid, subordinateIds('/etc/subuid', uid));
  const gids = around(user.gid, subordinateIds('/etc/subgid', uid));
  return { kind: 'ranges', uids: [...own.uids, ...uids], gids: [...own.gids, ...gids] };
}

/** Who is who as it is inside, moved up; an id above all others gets the next one outside. */
function shifted(id: number, ids: Profile['ids']): readonly IdRange[] {
  if (ids === 'single') return [{ inside: id, outside: SHIFTED_BASE, count: 1 }];
  const all = { inside: 0, outside: SHIFTED_BASE, count: SHIFTED_COUNT };
  return id < SHIFTED_COUNT ? [all] : [all, { inside: id, outside: SHIFTED_BASE + SHIFTED_COUNT, count: 1 }];
}

/** Gives ids of the host to the ids inside from 0 on, but not to the one that is taken. */
function around(taken: number, ranges: readonly SubordinateRange[]): readonly IdRange[] {
  let inside = 0;
  return ranges.flatMap(({ start, count }) => {
    const first = inside;
    const before = Math.min(count, Math.max(0, taken - first));
    const after = first + before === taken ? taken + 1 : first + before;
    inside = after + count - before;
    const parts = [
      { inside: first, outside: start, count: before },
      { inside: after, outside: start + before, count: count - before },
    ];
    return parts.filter((part) => part.count > 0);
  });
}

/** Whether there is nobody inside but one. */
export function hasOneId({ uids }: IdPlan): boolean {
  return uids.reduce((sum, { count }) => sum + count, 0) === 1;
}

/** Whether whoever makes the sandbox is root inside while doing so. */
export function isRootInside({ uids }: IdPlan): boolean {
  return uids[0]?.inside === 0;
}

/** The id outside of one inside. */
export function outsideOf(inside: number, ranges: readonly IdRange[]): number | undefined {
  const range = ranges.find((one) => inside >= one.inside && inside < one.inside + one.count);
  return range && range.outside + inside - range.inside;
}

/** The lines of /proc/PID/uid_map or gid_map. */
export function idMapText(ranges: readonly IdRange[]): string {
  return ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}\n`).join('');
}

/** The same as lines of sh(1), for the process `$pid`; a single id is mapped by unshare(1) itself. */
export function idMapCommands({ kind, uids, gids }: IdPlan): readonly string[] {
  const words = (ranges: readonly IdRange[]): string => ranges.flatMap(asArguments).join(' ');
  if (kind === 'ranges') return [`newuidmap "$pid" ${words(uids)}; newgidmap "$pid" ${words(gids)}`];
  const write = (ranges: readonly IdRange[], file: string): string =>
    `printf '%s\\n' ${ranges.map((range) => `'${asArguments(range).join(' ')}'`).join(' ')} >"/proc/$pid/${file}"`;
  return kind === 'shifted' ? [write(uids, 'uid_map'), write(gids, 'gid_map')] : [];
}

/** The program and arguments that drop root before the user namespace is made, so that the shifted ids own it. */
export function dropToShifted(plan: IdPlan): readonly string[] {
  if (plan.kind !== 'shifted') return [];
  return ['setpriv', '--reuid', String(SHIFTED_BASE), '--regid', String(SHIFTED_BASE), '--clear-groups', '--'];
}

/** What keeps a caller from having more than one id without the helper. */
function missingForRanges(uid: number): ProblemArguments['idRangesMissing']['missing'] | undefined {
  if (subordinateIds('/etc/subuid', uid).length === 0) return 'subuid';
  if (subordinateIds('/etc/subgid', uid).length === 0) return 'subgid';
  return canMapRanges() ? undefined : 'programs';
}

/** Whether this host has the programs that map ranges for a user (newuidmap(1), newgidmap(1)). */
export function canMapRanges(): boolean {
  return findProgram('newuidmap') !== undefined && findProgram('newgidmap') !== undefined;
}

/** The ids that a file of subuid(5) gives to a user, as they stand for those inside from 1 on. */
export function subordinateRanges(file: string, uid: number): readonly IdRange[] {
  return around(0, subordinateIds(file, uid));
}

function subordinateIds(file: string, uid: number): readonly SubordinateRange[] {
  const owners = new Set([String(uid), userName(uid)]);
  return parseSubordinateIds(read(file)).filter(({ owner }) => owners.has(owner));
}

export function userName(uid: number): string | undefined {
  try {
    const user = userInfo();
    return user.uid === uid ? user.username : undefined;
  } catch {
    return undefined; // a uid without a line in /etc/passwd
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Words of newuidmap(1). */
export const asArguments = ({ inside, outside, count }: IdRange): string[] => [
  String(inside),
  String(outside),
  String(count),
];
