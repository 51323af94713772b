import { readFileSync } from 'node:fs';
import { unescapeMountField } from '../host/mounts.ts';
import { NAMESPACE_TYPES, type Namespace, type NamespaceType } from '../model/namespace.ts';
import type { Process } from '../model/process.ts';

/** The namespaces that processes are in, and those that only a bind mount of this mount namespace keeps; by type and inode. */
export function readNamespaces(processes: readonly Process[]): readonly Namespace[] {
  return gatherNamespaces(processes, parseNamespaceMounts(readFileSync('/proc/self/mountinfo', 'utf8')));
}

/** A namespace that a bind mount keeps alive. */
export interface NamespaceMount {
  readonly type: NamespaceType;
  readonly inode: number;
  readonly path: string;
}

export function gatherNamespaces(
  processes: readonly Process[],
  mounts: readonly NamespaceMount[],
): readonly Namespace[] {
  return NAMESPACE_TYPES.flatMap((type) => {
    const pids = groupBy(
      processes.filter(({ namespaces }) => namespaces[type] !== undefined),
      ({ namespaces }) => namespaces[type] ?? 0,
    );
    const paths = groupBy(
      mounts.filter((mount) => mount.type === type),
      ({ inode }) => inode,
    );
    const inodes = [...new Set([...pids.keys(), ...paths.keys()])].sort((a, b) => a - b);
    return inodes.map((inode) => ({
      type,
      inode,
      pids: (pids.get(inode) ?? []).map(({ pid }) => pid),
      paths: [...new Set((paths.get(inode) ?? []).map(({ path }) => path))],
    }));
  });
}

/** Mounts of nsfs among mountinfo lines: their root is `net:[4026532567]` (proc_pid_mountinfo(5), ip-netns(8)). */
export function parseNamespaceMounts(mountinfo: string): readonly NamespaceMount[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([, , , root = '', target = '']) => {
      const [, type = '', inode] = /^([a-z]+):\[(\d+)\]$/.exec(root) ?? [];
      return isType(type) ? [{ type, inode: Number(inode), path: unescapeMountField(target) }] : [];
    });
}

function isType(name: string): name is NamespaceType {
  return (NAMESPACE_TYPES as readonly string[]).includes(name);
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => number): ReadonlyMap<number, readonly Item[]> {
  const groups = new Map<number, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
