import type { Container } from './container.ts';

/** One network interface as the kernel shows it inside its namespace (ip-link(8), ip-address(8)). */
export interface Interface {
  /** Its number, unique in its namespace alone. */
  readonly index: number;
  readonly name: string;
  /** As the kernel calls its driver: `veth`, `bridge`, `macvlan` …; of hardware `ether`, of `lo` `loopback`. */
  readonly kind: string;
  /** Whether it was set up (IFF_UP). */
  readonly up: boolean;
  /** Whether packets can pass: it is up and what it stands on is there too (IFF_LOWER_UP). */
  readonly carrier: boolean;
  readonly mac: string | undefined;
  /** In bytes. */
  readonly mtu: number;
  /** With their prefix length: `10.0.0.1/24`. */
  readonly addresses: readonly string[];
  /** What else tells it from others of its kind: a VLAN's number, a tunnel's ends. */
  readonly detail: string | undefined;
}

/** Whose a network namespace is. */
export type Owner =
  | { readonly kind: 'yours' }
  | { readonly kind: 'sandbox'; readonly id: string }
  /** As ip-netns(8) names it. */
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'container'; readonly container: Container }
  | { readonly kind: 'process'; readonly pid: number; readonly comm: string }
  | { readonly kind: 'unknown' };

/** A network namespace with its interfaces. */
export interface WiredNetwork {
  readonly inode: number;
  readonly owner: Owner;
  /** In the fewest words, whose it is. It comes from whoever made the namespace: to be shown as text and nothing else. */
  readonly name: string;
  /** A process in it, where there is one. */
  readonly pid: number | undefined;
  readonly interfaces: readonly Interface[];
  /** Why its interfaces are not known; undefined where they are. */
  readonly unread: string | undefined;
}

/** One interface of one network. */
export interface CableEnd {
  readonly network: number;
  readonly index: number;
}

/** `veth`: two ends of one wire. `port`: of a bridge. `upon`: it is made on top of the other, or its packets go through it. */
export type CableKind = 'veth' | 'port' | 'upon';

export interface Cable {
  readonly kind: CableKind;
  readonly from: CableEnd;
  /** Undefined where it is in a network that this user cannot see. */
  readonly to: CableEnd | undefined;
}

/** How the networks of this machine are wired, at one moment. */
export interface Wiring {
  readonly networks: readonly WiredNetwork[];
  readonly cables: readonly Cable[];
}
