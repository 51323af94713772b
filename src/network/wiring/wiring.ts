import type { Namespace } from '../../model/namespace.ts';
import type { Interface, WiredNetwork, Wiring } from '../../model/wiring.ts';
import { cablesOf } from './cables.ts';
import type { RawInterface } from './interfaces.ts';
import { ownerName, ownersOf, type Surroundings } from './owners.ts';

/** What was read of one network: its interfaces and, by its own numbers, the inodes of others. Or why it was not. */
export interface NetworkReading {
  readonly interfaces: readonly RawInterface[];
  readonly numbers: ReadonlyMap<number, number>;
  readonly unread: string | undefined;
}

/** The picture that readings of network namespaces give, the observer's own first, the others by their names. */
export function wiringOf(
  networks: readonly Namespace[],
  readings: ReadonlyMap<number, NetworkReading>,
  surroundings: Surroundings,
): Wiring {
  const owners = ownersOf(networks, surroundings);
  const wired = networks.map((network) => wiredNetwork(network, readings, owners));
  const numbered = networks.flatMap(({ inode }) => {
    const reading = readings.get(inode);
    return reading === undefined ? [] : [{ inode, ...reading }];
  });
  return { networks: wired.sort(yoursFirst), cables: cablesOf(numbered) };
}

function wiredNetwork(
  { inode, pids }: Namespace,
  readings: ReadonlyMap<number, NetworkReading>,
  owners: ReturnType<typeof ownersOf>,
): WiredNetwork {
  const owner = owners.get(inode) ?? { kind: 'unknown' };
  const reading = readings.get(inode);
  return {
    inode,
    owner,
    name: ownerName(owner, inode),
    pid: pids[0],
    interfaces: (reading?.interfaces ?? []).map(shownOf),
    unread: reading === undefined ? 'nothing leads into it' : reading.unread,
  };
}

function shownOf({ index, name, kind, up, carrier, mac, mtu, addresses, detail }: RawInterface): Interface {
  return { index, name, kind, up, carrier, mac, mtu, addresses, detail };
}

function yoursFirst(a: WiredNetwork, b: WiredNetwork): number {
  const rank = ({ owner }: WiredNetwork): number => (owner.kind === 'yours' ? 0 : 1);
  return rank(a) - rank(b) || a.name.localeCompare(b.name, 'en', { numeric: true }) || a.inode - b.inode;
}
