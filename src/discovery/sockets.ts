import { fstatSync } from 'node:fs';
import type { Held } from './held.ts';
import type { KernelCalls } from './kernel-calls.ts';
import type { Seen } from './processes.ts';
import type { SeenProcesses } from './sight.ts';

/** Finds network namespaces by the sockets of processes that are in another one. */
export function socketSource(): (seen: SeenProcesses, calls: KernelCalls) => readonly Held[] {
  let before = new WeakMap<Seen['sockets'], readonly Held[]>();
  return (seen, calls) => {
    const now = new WeakMap<Seen['sockets'], readonly Held[]>();
    const inodes = new Map<number, number | undefined>();
    const all = [...seen.values()].flatMap((one) => {
      if (one.sockets.length === 0) return [];
      const held = before.get(one.sockets) ?? heldBySockets(one, calls, inodes);
      now.set(one.sockets, held);
      return held;
    });
    before = now;
    return all;
  };
}

/** A socket stays in the network namespace in which it was made, wherever it is passed. One that is shared is asked once. */
function heldBySockets(
  { process: { pid, namespaces }, sockets }: Seen,
  calls: KernelCalls,
  inodes: Map<number, number | undefined>,
): readonly Held[] {
  return sockets.flatMap(({ fd, inode: socket }) => {
    if (!inodes.has(socket)) inodes.set(socket, networkInode(pid, fd, calls));
    const inode = inodes.get(socket);
    return inode === undefined || inode === namespaces.net
      ? []
      : [{ type: 'net' as const, inode, holder: { by: 'socket' as const, pid, fd } }];
  });
}

function networkInode(pid: number, fd: number, calls: KernelCalls): number | undefined {
  const network = calls.networkOf(pid, fd);
  if (network === undefined) return undefined;
  try {
    return fstatSync(network).ino;
  } finally {
    calls.close(network);
  }
}
