import type { Listener } from '../../model/listener.ts';
import type { Namespace } from '../../model/namespace.ts';
import { readDescriptors } from '../descriptors.ts';
import { parseListeningSockets } from './network.ts';
import { sourceOf } from './source.ts';

const FILES = [
  ['tcp', 'tcp'],
  ['tcp', 'tcp6'],
  ['udp', 'udp'],
  ['udp', 'udp6'],
] as const;

/** Who listens in these network namespaces. What this user may not see is left out. */
export function listenersOf(networks: readonly Namespace[]): readonly Listener[] {
  return networks.flatMap((network) => {
    const sockets = socketsIn(network);
    if (sockets.length === 0) return [];
    const pids = pidsBySocket(network);
    return sockets.map(({ inode, ...socket }) => ({ ...socket, network: network.inode, pids: pids.get(inode) ?? [] }));
  });
}

function socketsIn(network: Namespace) {
  const { ofTask } = sourceOf(network);
  return FILES.flatMap(([protocol, name]) => {
    try {
      return parseListeningSockets(protocol, ofTask(`net/${name}`));
    } catch {
      return [];
    }
  });
}

/** The processes in a network, and those elsewhere that hold a socket of it, by the inodes of their sockets. */
function pidsBySocket({ pids, holders }: Namespace): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  const elsewhere = holders.flatMap((holder) => (holder.by === 'socket' ? [holder.pid] : []));
  for (const pid of new Set([...pids, ...elsewhere])) {
    for (const { inode } of readDescriptors(pid).sockets) {
      const known = found.get(inode);
      if (known === undefined) found.set(inode, [pid]);
      else if (known.at(-1) !== pid) known.push(pid);
    }
  }
  return found;
}
