import { SocketAddress } from 'node:net';
import type { Interface } from '../../model/wiring.ts';
import { attributesOf, messagesOf, numberOf, textOf, type Attributes, type Message } from './netlink.ts';

/** An interface with what the kernel says of the others that it belongs to. */
export interface RawInterface extends Interface {
  /** Number of the bridge or bond that it is a port of. */
  readonly master: number | undefined;
  /** Number of its veth peer, or of what it is made upon; 0 where that is in no network. */
  readonly link: number | undefined;
  /** By which number its network knows the network of `link`; undefined where that is the same one. */
  readonly linkNetwork: number | undefined;
}

/** Message types and attributes of linux/rtnetlink.h, if_link.h and if_addr.h. */
const NEW_LINK = 16;
const NEW_ADDRESS = 20;
const IFLA = { address: 1, name: 3, mtu: 4, link: 5, master: 10, linkinfo: 18, linkNetwork: 37 } as const;
const INFO = { kind: 1, data: 2 } as const;
const IFA = { address: 1, local: 2 } as const;
const LINK_FIXED = 16;
const ADDRESS_FIXED = 8;
const UP = 0x1;
const LOWER_UP = 0x1_0000;
const HARDWARE: Readonly<Record<number, string>> = { 1: 'ether', 772: 'loopback' };

/** The interfaces that pieces of netlink tell, in the order of the kernel. */
export function interfacesOf(pieces: readonly Buffer[]): readonly RawInterface[] {
  const messages = pieces.flatMap(messagesOf);
  const addresses = addressesByIndex(messages);
  return messages
    .filter(({ type, body }) => type === NEW_LINK && body.length >= LINK_FIXED)
    .map(({ body }) => interfaceOf(body, addresses));
}

function interfaceOf(body: Buffer, addresses: ReadonlyMap<number, readonly string[]>): RawInterface {
  const attributes = attributesOf(body, LINK_FIXED);
  const info = attributesOf(attributes.get(IFLA.linkinfo) ?? Buffer.alloc(0));
  const [index, flags] = [body.readInt32LE(4), body.readUInt32LE(8)];
  const kind = textOf(info, INFO.kind) ?? HARDWARE[body.readUInt16LE(2)] ?? 'other';
  return {
    index,
    name: textOf(attributes, IFLA.name) ?? `${index}`,
    kind,
    up: (flags & UP) !== 0,
    carrier: (flags & LOWER_UP) !== 0,
    mac: kind === 'loopback' ? undefined : macOf(attributes.get(IFLA.address)),
    mtu: numberOf(attributes, IFLA.mtu) ?? 0,
    addresses: addresses.get(index) ?? [],
    detail: detailOf(kind, attributesOf(info.get(INFO.data) ?? Buffer.alloc(0))),
    master: numberOf(attributes, IFLA.master),
    link: numberOf(attributes, IFLA.link),
    linkNetwork: numberOf(attributes, IFLA.linkNetwork),
  };
}

/** Nobody looks at more, and whoever is root in a namespace may give an interface as many as there are. */
const MOST_ADDRESSES = 1000;

function addressesByIndex(messages: readonly Message[]): ReadonlyMap<number, readonly string[]> {
  const byIndex = new Map<number, string[]>();
  for (const { type, body } of messages) {
    if (type !== NEW_ADDRESS || body.length < ADDRESS_FIXED) continue;
    const attributes = attributesOf(body, ADDRESS_FIXED);
    const address = addressOf(attributes.get(IFA.local) ?? attributes.get(IFA.address));
    const index = body.readUInt32LE(4);
    if (address === undefined) continue;
    const own = byIndex.get(index) ?? [];
    if (own.length < MOST_ADDRESSES) own.push(`${address}/${body.readUInt8(1)}`);
    byIndex.set(index, own);
  }
  return byIndex;
}

/** Four or sixteen bytes as an address is written. */
function addressOf(bytes: Buffer | undefined): string | undefined {
  if (bytes?.length === 4) return bytes.join('.');
  if (bytes?.length !== 16) return undefined;
  const groups = bytes.toString('hex').match(/.{4}/g) ?? [];
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

function macOf(bytes: Buffer | undefined): string | undefined {
  return bytes?.length === 6 ? (bytes.toString('hex').match(/../g) ?? []).join(':') : undefined;
}

/** Modes of linux/if_link.h, each a bit. */
const MACVLAN_MODES: Readonly<Record<number, string>> = {
  1: 'private',
  2: 'vepa',
  4: 'bridge',
  8: 'passthru',
  16: 'source',
};
const IPVLAN_MODES: Readonly<Record<number, string>> = { 0: 'l2', 1: 'l3', 2: 'l3s' };
const TUN_TYPES: Readonly<Record<number, string>> = { 1: 'tun', 2: 'tap' };

/** Numbers of the attributes `local` and `remote`, by the kind of tunnel (linux/if_tunnel.h). */
const TUNNEL_ENDS: Readonly<Record<string, readonly [number, number]>> = {
  ipip: [2, 3],
  sit: [2, 3],
  ip6tnl: [2, 3],
  gre: [6, 7],
  gretap: [6, 7],
  ip6gre: [6, 7],
  ip6gretap: [6, 7],
};

function detailOf(kind: string, data: Attributes): string | undefined {
  switch (kind) {
    case 'vlan':
      return labelled('id', numberOf(data, 1));
    case 'macvlan':
    case 'macvtap':
      return MACVLAN_MODES[numberOf(data, 1) ?? 0];
    case 'ipvlan':
      return IPVLAN_MODES[numberOf(data, 1) ?? 0];
    case 'tun':
      return TUN_TYPES[data.get(3)?.at(0) ?? 0];
    case 'vxlan':
      return joined(labelled('id', numberOf(data, 1)), ends(data.get(4) ?? data.get(17), data.get(2) ?? data.get(16)));
    default: {
      const [local, remote] = TUNNEL_ENDS[kind] ?? [];
      return local === undefined || remote === undefined ? undefined : ends(data.get(local), data.get(remote));
    }
  }
}

function ends(local: Buffer | undefined, remote: Buffer | undefined): string | undefined {
  const [from, to] = [local, remote].map((bytes) => (bytes?.some((byte) => byte !== 0) ? addressOf(bytes) : undefined));
  return from === undefined && to === undefined ? undefined : `${from ?? 'any'} → ${to ?? 'any'}`;
}

function labelled(label: string, value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${label} ${value}`;
}

function joined(...parts: readonly (string | undefined)[]): string | undefined {
  return parts.filter((part) => part !== undefined).join(', ') || undefined;
}
