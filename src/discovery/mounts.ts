import { unescapeMountField } from '../host/mounts.ts';
import type { NamespaceName } from '../model/namespace.ts';
import { readPieces } from './files.ts';
import type { Held } from './held.ts';
import { parseName } from './links.ts';
import type { SeenProcesses } from './sight.ts';

/** A namespace that a bind mount keeps alive. */
export interface NamespaceMount extends NamespaceName {
  readonly path: string;
}

/**
 * The namespaces that bind mounts hold, in the mount namespace of every process and thread that can be read.
 * A mount that many mount namespaces have is said once, of the observer's own first: there its path is the observer's.
 */
export function heldByMounts(seen: SeenProcesses, ownPid: number): readonly Held[] {
  const found = new Map<string, Held>();
  for (const { pid, folder } of mountNamespaces(seen, ownPid)) {
    for (const { type, inode, path } of parseNamespaceMounts(readPieces(`${folder}/mountinfo`))) {
      const key = `${type} ${inode} ${path}`;
      if (!found.has(key)) found.set(key, { type, inode, holder: { by: 'mount', pid, path } });
    }
  }
  return [...found.values()];
}

/** A task of each mount namespace, by its folder in /proc. */
function mountNamespaces(seen: SeenProcesses, ownPid: number): readonly { pid: number; folder: string }[] {
  const inodes = new Map<number, { pid: number; folder: string }>();
  const own = seen.get(ownPid);
  for (const { process, held } of own ? [own, ...seen.values()] : seen.values()) {
    const { pid, namespaces } = process;
    add(namespaces.mnt, pid, `/proc/${pid}`);
    for (const { type, inode, holder } of held)
      if (type === 'mnt' && holder.by === 'thread') add(inode, pid, `/proc/${pid}/task/${holder.tid}`);
  }
  return [...inodes.values()];

  function add(inode: number | undefined, pid: number, folder: string): void {
    if (inode !== undefined && !inodes.has(inode)) inodes.set(inode, { pid, folder });
  }
}

/**
 * Mounts of nsfs among mountinfo lines: their root is `net:[4026532567]` (proc_pid_mountinfo(5), ip-netns(8)).
 * The text is searched before it is split: most of them have none.
 */
export function parseNamespaceMounts(mountinfo: Buffer): readonly NamespaceMount[] {
  if (!mountinfo.includes(':[')) return [];
  return mountinfo
    .toString('utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([, , , root = '', target = '']) => {
      const name = parseName(root);
      return name ? [{ ...name, path: unescapeMountField(target) }] : [];
    });
}
