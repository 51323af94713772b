import { messageOf } from '../../model/message-of.ts';
import type { Namespace } from '../../model/namespace.ts';
import type { Found, NamespaceDetails } from '../../model/namespace-details.ts';
import { readLink, readPieces } from '../files.ts';
import { parseName } from '../links.ts';
import { parseCgroups } from '../processes.ts';
import { cgroupRoots } from './cgroup-roots.ts';
import { parseIdMap } from './id-maps.ts';
import { countObjects } from './ipc.ts';
import { networkDetails } from './network.ts';
import { sourceOf, type Source } from './source.ts';
import { parseOffsets } from './time-offsets.ts';

/**
 * What a namespace holds. Most is read from /proc/PID of a process in it; where there is none, and for what the kernel shows only to
 * those who are inside (host name, System V objects, cgroup root), cat(1) is run inside by nsenter(1).
 */
export function detailsOf(namespace: Namespace): Found {
  try {
    return { details: read(namespace, sourceOf(namespace)) };
  } catch (error) {
    return { unknown: messageOf(error) };
  }
}

function read(namespace: Namespace, source: Source): NamespaceDetails {
  const { type } = namespace;
  switch (type) {
    case 'user':
      return { type, uidMap: idMap(namespace, source, 'uid_map'), gidMap: idMap(namespace, source, 'gid_map') };
    case 'mnt':
      return { type, mounts: source.ofTask('mountinfo').split('\n').length - 1 };
    case 'pid':
      return { type };
    case 'net':
      return { type, ...networkDetails((name) => source.ofTask(`net/${name}`)) };
    case 'ipc':
      return { type, ...ipcDetails(source) };
    case 'uts':
      return { type, hostname: source.inside('/proc/sys/kernel/hostname').replace(/\n$/, '') };
    case 'cgroup':
      return { type, roots: rootsOf(namespace, source) };
    case 'time':
      return { type, ...parseOffsets(offsetsText(namespace)) };
  }
}

/** To those inside the ids are others than to us. */
function idMap({ pids }: Namespace, source: Source, name: string) {
  if (pids.length === 0) throw new Error('no process is in it, whose id maps could be read');
  return parseIdMap(source.ofTask(name));
}

/** The offsets of a process are those that its children will have: usually its own. */
function offsetsText({ inode, pids, holders }: Namespace): string {
  const candidates = [...pids, ...holders.flatMap((one) => (one.by === 'children' ? [one.pid] : []))];
  const pid = candidates.find((one) => {
    const link = readLink(`/proc/${one}/ns/time_for_children`);
    return 'text' in link && parseName(link.text)?.inode === inode;
  });
  if (pid === undefined) throw new Error('no process tells its offsets');
  return readPieces(`/proc/${pid}/timens_offsets`).toString('latin1');
}

function ipcDetails({ inside }: Source) {
  const [queues, segments, semaphores] = ['msg', 'shm', 'sem'].map((name) =>
    countObjects(inside(`/proc/sysvipc/${name}`)),
  ) as [number, number, number];
  return { queues, segments, semaphores };
}

/** Where a process is, as we see it and as those in its cgroup namespace see it. */
function rootsOf({ pids: [pid] }: Namespace, { inside }: Source): Readonly<Record<string, string>> {
  if (pid === undefined) throw new Error('no process is in it, whose cgroup could be compared');
  const file = `/proc/${pid}/cgroup`;
  return cgroupRoots(parseCgroups(readPieces(file).toString('utf8')), parseCgroups(inside(file)));
}
