import { execa } from 'execa';
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { findProgram } from '../host/programs.ts';

/** One line of /proc/PID/uid_map: `count` ids from `inside` on are those from `outside` on (user_namespaces(7)). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** How ids inside a sandbox map to ids of the host. */
export interface IdPlan {
  /** `single`: only the caller's own id · `ranges`: also those of /etc/subuid · `shifted`: the caller is root, and no id inside is root's outside. */
  readonly kind: 'single' | 'ranges' | 'shifted';
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

/** First id of the range that stands for a sandbox when root starts it: above what distributions give to users. */
export const SHIFTED_BASE = 524_288;
const SHIFTED_COUNT = 65_536;

/**
 * The widest mapping the caller may have: root gets a high range that is never root outside,
 * a user with lines in /etc/subuid and /etc/subgid (subuid(5)) those ranges, anyone else the own id alone.
 */
export function planIds(uid: number, gid: number): IdPlan {
  if (uid === 0) {
    const range = [{ inside: 0, outside: SHIFTED_BASE, count: SHIFTED_COUNT }];
    return { kind: 'shifted', uids: range, gids: range };
  }
  const uids = subordinateIds('/etc/subuid', uid);
  const gids = subordinateIds('/etc/subgid', uid);
  const kind = uids.length > 0 && gids.length > 0 && mayMapRanges() ? 'ranges' : 'single';
  return {
    kind,
    uids: [{ inside: 0, outside: uid, count: 1 }, ...(kind === 'ranges' ? uids : [])],
    gids: [{ inside: 0, outside: gid, count: 1 }, ...(kind === 'ranges' ? gids : [])],
  };
}

/**
 * Writes both id maps of the user namespace that process `pid` has just made. A single id is written directly,
 * after `setgroups` is denied (the kernel asks for that order); ranges need newuidmap(1), which is set-user-ID root.
 */
export async function writeIdMaps(pid: number, plan: IdPlan): Promise<void> {
  if (plan.kind === 'ranges') {
    await execa('newuidmap', [String(pid), ...plan.uids.flatMap(asArguments)], { stdin: 'ignore' });
    await execa('newgidmap', [String(pid), ...plan.gids.flatMap(asArguments)], { stdin: 'ignore' });
    return;
  }
  if (plan.kind === 'single') writeFileSync(`/proc/${pid}/setgroups`, 'deny');
  writeFileSync(`/proc/${pid}/uid_map`, plan.uids.map(asLine).join(''));
  writeFileSync(`/proc/${pid}/gid_map`, plan.gids.map(asLine).join(''));
}

/** The same as lines of sh(1), for the process `$pid`; a single id is mapped by unshare(1) itself. */
export function idMapCommands({ kind, uids, gids }: IdPlan): readonly string[] {
  const words = (ranges: readonly IdRange[]): string => ranges.flatMap(asArguments).join(' ');
  if (kind === 'ranges') return [`newuidmap "$pid" ${words(uids)}; newgidmap "$pid" ${words(gids)}`];
  const write = (ranges: readonly IdRange[], file: string): string =>
    `printf '%s\\n' ${ranges.map((range) => `'${asLine(range).trim()}'`).join(' ')} >"/proc/$pid/${file}"`;
  return kind === 'shifted' ? [write(uids, 'uid_map'), write(gids, 'gid_map')] : [];
}

/** The program and arguments that drop root before the user namespace is made, so that the shifted ids own it. */
export function dropToShifted(plan: IdPlan): readonly string[] {
  if (plan.kind !== 'shifted') return [];
  return ['setpriv', '--reuid', String(SHIFTED_BASE), '--regid', String(SHIFTED_BASE), '--clear-groups', '--'];
}

function mayMapRanges(): boolean {
  return findProgram('newuidmap') !== undefined && findProgram('newgidmap') !== undefined;
}

/** The lines of one user, by name or by uid, for ids from 1 on. */
export function subordinateIds(file: string, uid: number): readonly IdRange[] {
  const owners = new Set([String(uid), userName(uid)]);
  let inside = 1;
  return parseSubordinateIds(read(file))
    .filter(({ owner }) => owners.has(owner))
    .map(({ start, count }) => {
      const range = { inside, outside: start, count };
      inside += count;
      return range;
    });
}

/** The lines of /etc/subuid or /etc/subgid: `owner:start:count`, where owner is a name or a number. Others are passed over. */
export function parseSubordinateIds(text: string): readonly { owner: string; start: number; count: number }[] {
  return text
    .split('\n')
    .map((line) => /^([^:#]+):(\d+):(\d+)$/.exec(line.trim()))
    .filter((match) => match !== null)
    .map(([, owner = '', start, count]) => ({ owner, start: Number(start), count: Number(count) }))
    .filter(({ count }) => count > 0);
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

const asArguments = ({ inside, outside, count }: IdRange): string[] => [String(inside), String(outside), String(count)];
const asLine = ({ inside, outside, count }: IdRange): string => `${inside} ${outside} ${count}\n`;
