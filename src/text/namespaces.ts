import { foundBy, type FoundBy, type Holder, type Namespace } from '../model/namespace.ts';
import type { Snapshot } from '../protocol/discovery.ts';
import { count } from './units.ts';

/** What holds a namespace, in words. */
export function holderText(holder: Holder): string {
  switch (holder.by) {
    case 'thread':
      return `thread ${holder.tid} of process ${holder.pid}`;
    case 'children':
      return holder.tid === holder.pid
        ? `process ${holder.pid}, for its children`
        : `thread ${holder.tid} of process ${holder.pid}, for its children`;
    case 'mount':
      return `bind mount ${holder.path}`;
    case 'descriptor':
      return `descriptor ${holder.fd} of process ${holder.pid}`;
    case 'socket':
      return `socket ${holder.fd} of process ${holder.pid}`;
    case 'kernel':
      return 'list of the kernel';
    case 'child':
      return `parent of ${holder.child.type}:[${holder.child.inode}]`;
    case 'owned':
      return `owner of ${holder.owned.type}:[${holder.owned.inode}]`;
  }
}

/** The ways in which a namespace is found. */
export const FOUND_WORDS: Readonly<Record<FoundBy, string>> = {
  process: 'a process in it',
  thread: 'a thread',
  children: 'children',
  mount: 'a bind mount',
  descriptor: 'a descriptor',
  socket: 'a socket',
  child: 'a child of it',
  owned: 'what it owns',
  kernel: 'the kernel’s own list',
};

/** How one was found that no process is in: `only by a bind mount`. */
export function onlyHeldBy(namespace: Pick<Namespace, 'pids' | 'holders'>): string {
  return namespace.pids.length + namespace.holders.length === 0
    ? 'no process'
    : `only by ${FOUND_WORDS[foundBy(namespace)]}`;
}

const MANY = 3;

/** What holds a namespace but the processes that are in it; only the first where they are many. */
export function otherHolders({ holders }: Pick<Namespace, 'holders'>): string {
  const texts = holders.slice(0, MANY).map(holderText);
  return [...texts, ...(holders.length > MANY ? [`${holders.length - MANY} more`] : [])].join(', ');
}

/** `312 processes of other users not readable`; undefined where all are. */
export function notReadable({ unreadable }: Snapshot): string | undefined {
  return unreadable > 0 ? `${count(unreadable, 'process', 'processes')} of other users not readable` : undefined;
}

/** What a snapshot does not show, one sentence each; none where it shows all. */
export function notSeen(snapshot: Snapshot): readonly string[] {
  const unreadable = notReadable(snapshot);
  return [...(unreadable === undefined ? [] : [`${unreadable}.`]), ...notKnown(snapshot)];
}

/** The same without the processes that are not readable. */
export function notKnown({ hidden, unrelated }: Snapshot): readonly string[] {
  return [
    ...(hidden ? ['/proc hides the processes of other users (hidepid).'] : []),
    ...(unrelated === undefined ? [] : [`Parents, owners and sockets of namespaces are not known: ${unrelated}.`]),
  ];
}

/** Above what root has seen at a moment, in milliseconds since the epoch: it is not live. */
export function seenByRoot(at: number): string {
  const time = new Date(at).toLocaleTimeString();
  return `As root saw it at ${time}. Refresh shows it live again, as you see it.`;
}
