import type { Container } from './container.ts';

/** The eight namespace types, by the names the kernel gives them under /proc/PID/ns (namespaces(7)). */
export const NAMESPACE_TYPES = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'] as const;

export type NamespaceType = (typeof NAMESPACE_TYPES)[number];

/** What names a namespace as long as it lives: `readlink /proc/PID/ns/TYPE` prints both. */
export interface NamespaceName {
  readonly type: NamespaceType;
  readonly inode: number;
}

/** One way in which a namespace was found, other than by the processes that are in it. */
export type Holder =
  /** A thread is in it, and its process is not. */
  | { readonly by: 'thread'; readonly pid: number; readonly tid: number }
  /** Not the thread, but the children it will have are in it: pid_for_children, time_for_children. */
  | { readonly by: 'children'; readonly pid: number; readonly tid: number }
  /** A bind mount, such as /run/netns/n1 (ip-netns(8)), at this path in the mount namespace of this process. */
  | { readonly by: 'mount'; readonly pid: number; readonly path: string }
  /** A process has it open. */
  | { readonly by: 'descriptor'; readonly pid: number; readonly fd: number }
  /** A process has a socket of this network namespace open. */
  | { readonly by: 'socket'; readonly pid: number; readonly fd: number }
  /** The kernel lists it itself (listns, since Linux 6.19). */
  | { readonly by: 'kernel' }
  /** It is the parent of another one. */
  | { readonly by: 'child'; readonly child: NamespaceName }
  /** It is the user namespace that owns another namespace. */
  | { readonly by: 'owned'; readonly owned: NamespaceName };

/** The ways in the order in which they are looked at: the first that found a namespace is the one that is said. */
export const FOUND_BY = [
  'process',
  'thread',
  'children',
  'mount',
  'descriptor',
  'socket',
  'child',
  'owned',
  'kernel',
] as const;

export type FoundBy = (typeof FOUND_BY)[number];

/** Where a namespace stands among the others (ioctl_nsfs(2)). What the caller may not know is undefined. */
export interface Relations {
  /** Inode of the parent, of pid and user namespaces. */
  readonly parent: number | undefined;
  /** Inode of the user namespace that owns it; of a user namespace, its parent. */
  readonly owner: number | undefined;
  /** Who made it, of user namespaces: as the observer's user namespace sees the id. */
  readonly ownerUid: number | undefined;
}

/** One namespace as the kernel shows it now. `inode` is what `readlink /proc/PID/ns/TYPE` prints in brackets. */
export interface Namespace extends NamespaceName {
  /** Processes in it, ascending. */
  readonly pids: readonly number[];
  /** What else holds it. */
  readonly holders: readonly Holder[];
  /** Undefined where the kernel could not be asked. */
  readonly relations: Relations | undefined;
  /** The container of its first process, where one can be told. A process can make itself look as if it were in one. */
  readonly container: Container | undefined;
}

/** By which way a namespace was found. */
export function foundBy({ pids, holders }: Pick<Namespace, 'pids' | 'holders'>): FoundBy {
  const ways = new Set<FoundBy>(holders.map(({ by }) => by));
  return pids.length > 0 ? 'process' : (FOUND_BY.find((way) => ways.has(way)) ?? 'process');
}

/** The paths of the bind mounts that hold a namespace. */
export function mountPaths({ holders }: Pick<Namespace, 'holders'>): readonly string[] {
  return [...new Set(holders.flatMap((holder) => (holder.by === 'mount' ? [holder.path] : [])))];
}

/** Where ip-netns(8) keeps names: the second is a link to the first nearly everywhere. */
const NETNS = /^(?:\/var)?\/run\/netns\/([^/]+)$/;

/**
 * The names under which ip-netns(8) keeps a network namespace. `isHere` tells of a process whether paths mean the same to it as
 * to the observer: whoever has a mount namespace may mount anything under any name there.
 */
export function netnsNames({ holders }: Pick<Namespace, 'holders'>, isHere: IsHere): readonly string[] {
  const names = mountPaths({ holders: holders.filter((holder) => holder.by === 'mount' && isHere(holder.pid)) }).map(
    (path) => NETNS.exec(path)?.[1],
  );
  return [...new Set(names.filter((name) => name !== undefined))];
}

export type IsHere = (pid: number) => boolean;

/** Tells which processes are in the mount namespace of one of them (mount_namespaces(7)). */
export function inMountsOf(ownPid: number, processes: readonly MountedProcess[]): IsHere {
  const mounts = new Map(processes.map(({ pid, namespaces }) => [pid, namespaces.mnt]));
  return (pid) => mounts.get(pid) === mounts.get(ownPid);
}

interface MountedProcess {
  readonly pid: number;
  readonly namespaces: { readonly mnt?: number | undefined };
}
