import type { Cable, CableEnd } from '../../model/wiring.ts';
import type { RawInterface } from './interfaces.ts';

/** A network, with the inodes of those for which it has a number. */
export interface NumberedNetwork {
  readonly inode: number;
  readonly interfaces: readonly RawInterface[];
  readonly numbers: ReadonlyMap<number, number>;
}

/**
 * What is connected with what. The other end of an interface is in the network for which this one has that number (ip-netns(8),
 * "list-id"); a network without a number there, or of which nothing is known, is one that this user cannot see.
 */
export function cablesOf(networks: readonly NumberedNetwork[]): readonly Cable[] {
  const seen = new Map(
    networks.map((network) => [network.inode, new Set(network.interfaces.map(({ index }) => index))]),
  );
  const visible = (end: CableEnd): CableEnd | undefined =>
    seen.get(end.network)?.has(end.index) === true ? end : undefined;
  return networks.flatMap((network) => network.interfaces.flatMap((one) => cablesFrom(one, network, visible)));
}

function cablesFrom(
  { index, kind, master, link, linkNetwork }: RawInterface,
  { inode, numbers }: NumberedNetwork,
  visible: (end: CableEnd) => CableEnd | undefined,
): readonly Cable[] {
  const from = { network: inode, index };
  const there = linkNetwork === undefined ? inode : numbers.get(linkNetwork);
  const to = there === undefined || link === undefined ? undefined : visible({ network: there, index: link });
  const port = master === undefined ? undefined : visible({ network: inode, index: master });
  return [
    ...(port === undefined ? [] : [{ kind: 'port', from, to: port } as const]),
    ...(kind === 'veth' && isFirst(from, to) ? [{ kind, from, to } as const] : []),
    ...(kind !== 'veth' && isUpon(link, linkNetwork) ? [{ kind: 'upon', from, to } as const] : []),
  ];
}

/** Both ends of a veth pair name the other: it is one cable. */
function isFirst(from: CableEnd, to: CableEnd | undefined): boolean {
  if (to === undefined) return true;
  return from.network === to.network ? from.index < to.index : from.network < to.network;
}

/** A tunnel that goes through no link of its own says 0, or, where it was moved, only that it has come from elsewhere. */
function isUpon(link: number | undefined, linkNetwork: number | undefined): boolean {
  return link !== undefined && (link !== 0 || linkNetwork !== undefined);
}
