import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import type { Namespace } from '../model/namespace.ts';

/** Files that are a namespace: nsenter(1) takes their paths. Some may be gone, or closed to this user. */
export function handlesOf({ type, pids, holders }: Pick<Namespace, 'type' | 'pids' | 'holders'>): readonly string[] {
  const [first] = pids;
  const others = holders.flatMap((holder) => {
    switch (holder.by) {
      case 'thread':
        return [`/proc/${holder.pid}/task/${holder.tid}/ns/${type}`];
      case 'children':
        return [`/proc/${holder.pid}/task/${holder.tid}/ns/${type}_for_children`];
      case 'mount':
        return [`/proc/${holder.pid}/root${holder.path}`];
      case 'descriptor':
        return [`/proc/${holder.pid}/fd/${holder.fd}`];
      case 'socket':
      case 'kernel':
      case 'child':
      case 'owned':
        return [];
    }
  });
  return first === undefined ? others : [`/proc/${first}/ns/${type}`, ...others];
}

/** Opens a namespace by the first of its files that is still it. */
export function openNamespace(namespace: Namespace): number | undefined {
  for (const path of handlesOf(namespace)) {
    const fd = openIfStill(path, namespace.inode);
    if (fd !== undefined) return fd;
  }
  return undefined;
}

/** Of open(2), which Node does not name: only a place in the file system, nothing is opened in the file's own sense. */
const O_PATH = 0o10000000;

/**
 * The path may lead through a mount namespace that others made: what is there now is looked at before it is opened,
 * because to open a device or a FIFO has effects.
 */
function openIfStill(path: string, inode: number): number | undefined {
  let place: number | undefined;
  try {
    place = openSync(path, O_PATH);
    const { ino, dev } = fstatSync(place);
    return ino === inode && dev === namespaceDevice() ? openSync(`/proc/self/fd/${place}`, 'r') : undefined;
  } catch {
    return undefined;
  } finally {
    if (place !== undefined) closeSync(place);
  }
}

let device: number | undefined;

/** The device number of the file system of all namespaces, nsfs. */
export function namespaceDevice(): number {
  return (device ??= statSync('/proc/self/ns/mnt').dev);
}
