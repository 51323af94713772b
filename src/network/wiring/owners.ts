import { inMountsOf, netnsNames, type Namespace } from '../../model/namespace.ts';
import type { Process } from '../../model/process.ts';
import type { Owner } from '../../model/wiring.ts';

/** By which a network is named. */
export interface Surroundings {
  readonly processes: readonly Process[];
  readonly ownPid: number;
  /** The ids of sandboxes by the pid of their first process. */
  readonly sandboxes: ReadonlyMap<number, string>;
}

/** Whose network namespaces are: yours, a sandbox's, that of a name, of a container or unit, or of its first process. */
export function ownersOf(
  networks: readonly Namespace[],
  { processes, ownPid, sandboxes }: Surroundings,
): ReadonlyMap<number, Owner> {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const bySandbox = new Map(
    [...sandboxes].flatMap(([pid, id]) => {
      const inode = byPid.get(pid)?.namespaces.net;
      return inode === undefined ? [] : [[inode, id] as const];
    }),
  );
  const own = byPid.get(ownPid)?.namespaces.net;
  const isHere = inMountsOf(ownPid, processes);
  return new Map(networks.map((network) => [network.inode, ownerOf(network)]));

  function ownerOf(network: Namespace): Owner {
    const { inode, pids, container } = network;
    if (inode === own) return { kind: 'yours' };
    const id = bySandbox.get(inode);
    if (id !== undefined) return { kind: 'sandbox', id };
    const [name] = netnsNames(network, isHere);
    if (name !== undefined) return { kind: 'named', name };
    if (container?.kind === 'sandbox') return { kind: 'sandbox', id: container.name };
    if (container) return { kind: 'container', container };
    const first = byPid.get(pids[0] ?? firstHolder(network));
    return first ? { kind: 'process', pid: first.pid, comm: first.comm } : { kind: 'unknown' };
  }
}

function firstHolder({ holders }: Namespace): number {
  return holders.map((holder) => ('pid' in holder ? holder.pid : 0))[0] ?? 0;
}

/** An owner in the fewest words. */
export function ownerName(owner: Owner, inode: number): string {
  switch (owner.kind) {
    case 'yours':
      return 'this machine';
    case 'sandbox':
      return owner.id;
    case 'named':
      return owner.name;
    case 'container':
      return owner.container.name;
    case 'process':
      return `${owner.comm} ${owner.pid}`;
    case 'unknown':
      return `${inode}`;
  }
}
