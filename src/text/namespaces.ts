import type { Holder, Namespace } from '../model/namespace.ts';
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
    case 'child':
      return `parent of ${holder.child.type}:[${holder.child.inode}]`;
    case 'owned':
      return `owner of ${holder.owned.type}:[${holder.owned.inode}]`;
  }
}

const MANY = 3;

/** What holds a namespace but the processes that are in it; only the first where they are many. */
export function otherHolders({ holders }: Pick<Namespace, 'holders'>): string {
  const texts = holders.slice(0, MANY).map(holderText);
  return [...texts, ...(holders.length > MANY ? [`${holders.length - MANY} more`] : [])].join(', ');
}

/** What a snapshot does not show, one sentence each; none where it shows all. */
export function notSeen({ unreadable, hidden, unrelated }: Snapshot): readonly string[] {
  return [
    ...(unreadable > 0 ? [`${count(unreadable, 'process is', 'processes are')} not readable for this user.`] : []),
    ...(hidden ? ['/proc hides the processes of other users (hidepid).'] : []),
    ...(unrelated === undefined ? [] : [`Parents, owners and sockets of namespaces are not known: ${unrelated}.`]),
  ];
}

/** Above what root has seen at a moment, in milliseconds since the epoch: it is not live. */
export function seenByRoot(at: number): string {
  const time = new Date(at).toLocaleTimeString();
  return `As root saw it at ${time}. Refresh shows it live again, as you see it.`;
}
