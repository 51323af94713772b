import { NAMESPACE_TYPES, type Holder, type Namespace, type NamespaceName } from '../model/namespace.ts';
import type { Process } from '../model/process.ts';
import { nameKey, type Held } from './held.ts';

/** Ways that say nothing of a namespace that processes are in. */
const COMMON: readonly Holder['by'][] = ['socket', 'kernel'];

/** Every namespace that a process is in or that something else holds, once each; by type and inode. */
export function gatherNamespaces(processes: readonly Process[], held: readonly Held[]): readonly Namespace[] {
  const found = new Map<string, NamespaceName & { readonly pids: number[]; readonly holders: Holder[] }>();
  for (const [namespaces, pids] of byNamespaces(processes)) {
    for (const type of NAMESPACE_TYPES) {
      const inode = namespaces[type];
      if (inode !== undefined) entry({ type, inode }).pids.push(...pids);
    }
  }
  for (const { pids } of found.values()) pids.sort((a, b) => a - b);
  for (const { type, inode, holder } of held) {
    const { pids, holders } = entry({ type, inode });
    // Sockets of a network that processes are in are nothing special, and may be thousands. The kernel lists every one.
    if (!COMMON.includes(holder.by) || pids.length === 0) holders.push(holder);
  }
  return sorted([...found.values()].map((one) => ({ ...one, relations: undefined, container: undefined })));

  function entry({ type, inode }: NamespaceName) {
    const key = nameKey({ type, inode });
    const known = found.get(key) ?? { type, inode, pids: [], holders: [] };
    found.set(key, known);
    return known;
  }
}

/** Most processes share one object, for they are in the same namespaces. */
function byNamespaces(processes: readonly Process[]): ReadonlyMap<Process['namespaces'], readonly number[]> {
  const groups = new Map<Process['namespaces'], number[]>();
  for (const { pid, namespaces } of processes) {
    const group = groups.get(namespaces);
    if (group) group.push(pid);
    else groups.set(namespaces, [pid]);
  }
  return groups;
}

/** In the order of the types, then of the inodes. */
export function sorted(namespaces: readonly Namespace[]): readonly Namespace[] {
  return namespaces.toSorted(
    (a, b) => NAMESPACE_TYPES.indexOf(a.type) - NAMESPACE_TYPES.indexOf(b.type) || a.inode - b.inode,
  );
}
