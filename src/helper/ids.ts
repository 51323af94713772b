import { closeSync, constants, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { parseIdMap } from '../discovery/details/id-maps.ts';
import { parseSubordinateIds } from '../host/subordinate-ids.ts';
import type { IdRange } from '../protocol/helper.ts';
import { runAsOwner } from './as-owner.ts';
import { ownIds } from './login.ts';
import { withFile, withPinned } from './pinned.ts';
import type { Verbs } from './serve.ts';

/** The verb that writes id maps, as newuidmap(1) and newgidmap(1) do where a host has them. */
export function idVerbs(uid: number): Verbs<'ids/map'> {
  return {
    'ids/map': ({ at, uids, gids }, act) => {
      const own = ownIds(uid);
      requireOwn('/etc/subuid', uids, uid, own.name, uid);
      requireOwn('/etc/subgid', gids, uid, own.name, own.gid);
      withPinned(at, (pinned) =>
        writeMaps(pinned, uid, { uids, gids, keepGroups: gids.every(({ outside }) => outside === own.gid) }),
      );
      act(`mapped the ids ${[...uids, ...gids].map(lineOf).join(', ')} for process ${at.pid}`);
      return null;
    },
  };
}

interface Maps {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** Whether supplementary groups must be kept: a file may be closed to a group (user_namespaces(7), "setgroups"). */
  readonly keepGroups: boolean;
}

/**
 * The files are opened before anybody is asked whose namespace it is: they stay those of the namespace in which the process was
 * then (user_namespaces(7)). A process never comes back to a namespace that it has left, so that the same link before and after
 * is the one of the files. Each can be written once: where a helper was killed between the two maps, the next writes the second.
 */
function writeMaps(pinned: number, uid: number, { uids, gids, keepGroups }: Maps): void {
  const folder = `/proc/self/fd/${pinned}`;
  withFile(`${folder}/ns/user`, 0, (user) => {
    const files = ['setgroups', 'uid_map', 'gid_map'].map((name) => openSync(`${folder}/${name}`, constants.O_RDWR));
    const [setgroups = -1, uidMap = -1, gidMap = -1] = files;
    try {
      if (readlinkSync(`${folder}/ns/user`) !== readlinkSync(`/proc/self/fd/${user}`))
        throw new Error('the process went on');
      const mapped = parseIdMap(readFileSync(uidMap, 'latin1'));
      if (readFileSync(gidMap, 'latin1') !== '' || (mapped.length > 0 && !isDeepStrictEqual(mapped, uids)))
        throw new Error('the ids are mapped already');
      runAsOwner(uid, { user }, ['true']);
      if (mapped.length === 0) writeSync(uidMap, `${uids.map(lineOf).join('\n')}\n`);
      if (keepGroups) writeSync(setgroups, 'deny');
      writeSync(gidMap, `${gids.map(lineOf).join('\n')}\n`);
    } finally {
      files.forEach((file) => closeSync(file));
    }
  });
}

function lineOf({ inside, outside, count }: IdRange): string {
  return `${inside} ${outside} ${count}`;
}

/** @throws Error at ids that are neither the user's own one nor within a line of the user in that file. */
function requireOwn(
  file: string,
  ranges: readonly IdRange[],
  uid: number,
  name: string | undefined,
  own: number | undefined,
): void {
  const lines = parseSubordinateIds(readFileSync(file, 'utf8')).filter(
    ({ owner }) => owner === name || owner === String(uid),
  );
  const isOwn = ({ outside, count }: IdRange): boolean =>
    (count === 1 && outside === own) ||
    lines.some((line) => line.start <= outside && outside + count <= line.start + line.count);
  const foreign = ranges.find((range) => !isOwn(range));
  if (foreign) throw new Error(`${file} does not give ${foreign.count} ids from ${foreign.outside} on to user ${uid}`);
}
