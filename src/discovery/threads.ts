import type { NamespaceName, NamespaceType } from '../model/namespace.ts';
import { namesIn } from './files.ts';
import type { Held } from './held.ts';
import { readThreadLinks, type Links } from './links.ts';

/** The threads of a process but its first, whose number is that of the process (proc_pid_task(5)). */
export function otherThreads(pid: number): readonly number[] {
  return namesIn(`/proc/${pid}/task`)
    .map(Number)
    .filter((tid) => tid !== pid);
}

/** The namespaces of threads in which the process itself is not: unshare(2) and setns(2) act on the calling thread. */
export function heldByThreads(pid: number, links: Links, tids: readonly number[]): readonly Held[] {
  return tids.flatMap((tid) => {
    const { namespaces, children } = readThreadLinks(`/proc/${pid}/task/${tid}`, links);
    const own = Object.entries(namespaces).map(([type, inode]) => ({ type: type as NamespaceType, inode }));
    return [...own.map(held('thread')), ...children.map(held('children'))];

    function held(by: 'thread' | 'children'): (name: NamespaceName) => Held {
      return (name) => ({ ...name, holder: { by, pid, tid } });
    }
  });
}
