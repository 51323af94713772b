import type { Pinned } from './sandbox.ts';
import { formatAddress, lastForHosts, parseSubnet } from './subnet.ts';

/** One network that a profile file names: a bridge in the hub of its lab. */
export interface LabNetwork {
  readonly name: string;
  /** One of IPv4, one of IPv6, or both, as `10.0.0.0/24`. */
  readonly subnets: readonly string[];
  /** Bytes; undefined is the kernel's 1500. */
  readonly mtu: number | undefined;
  /** Whether its sandboxes cannot reach each other. */
  readonly isolated: boolean;
  /** Whether the hub leads out of it, to the internet. */
  readonly internet: boolean;
  readonly conditions: LinkConditions;
}

/** What happens to packets on their way to each sandbox of a network, in the units of tc(8). */
export interface LinkConditions {
  /** `20ms` */
  readonly delay?: string | undefined;
  /** How far the delay varies: `5ms`. */
  readonly jitter?: string | undefined;
  /** `1.5%` of the packets. */
  readonly loss?: string | undefined;
  /** `10mbit` in a second. */
  readonly rate?: string | undefined;
}

/** How a sandbox is in one network. */
export interface LabInterface {
  readonly network: string;
  /** Name of the link inside. */
  readonly device: string;
  /** One for each subnet of the network. */
  readonly addresses: readonly LabAddress[];
  /** Addresses through which everything else is reached: those that are named, or those of the hub where that leads out. */
  readonly gateways: readonly string[];
}

export interface LabAddress {
  readonly subnet: string;
  /** Without the prefix; undefined is the first that is free. */
  readonly address: string | undefined;
}

/** What a profile has to do with the lab of its file: the networks that the file names, and which of them the sandbox joins. */
export interface LabMembership {
  /** The profile file, which is one lab. */
  readonly file: string;
  readonly networks: readonly LabNetwork[];
  readonly interfaces: readonly LabInterface[];
  /** By network, the addresses that profiles of the file name: nobody gets one of them by itself. */
  readonly named: Readonly<Record<string, readonly string[]>>;
  /** Whether it passes packets on from one network to another. */
  readonly forwarding: boolean;
}

/** Of a network with a way out, the last address of each subnet: they are the hub's. None of another network. */
export function hubAddresses({ internet, subnets }: LabNetwork): readonly { subnet: string; address: string }[] {
  if (!internet) return [];
  return subnets.flatMap((text) => {
    const subnet = parseSubnet(text);
    return subnet === undefined ? [] : [{ subnet: text, address: formatAddress(lastForHosts(subnet)) }];
  });
}

/** A link of a running sandbox into a network. */
export interface JoinedInterface {
  readonly network: string;
  readonly device: string;
  /** With their prefix: `10.0.0.1/24`. */
  readonly addresses: readonly string[];
  readonly gateways: readonly string[];
}

/** A lab as its state on disk names it; whether it runs is for /proc to say. */
export interface Lab {
  /** `[a-z0-9-]`: the name of the workspace folder and six digits of the file's path. */
  readonly id: string;
  readonly file: string;
  /** The networks that its hub has. */
  readonly networks: readonly LabNetwork[];
  /** The process that holds its namespaces. */
  readonly hub: Pinned;
}

/** A sandbox in a lab. */
export interface LabMember {
  readonly sandbox: string;
  /** What others call it. */
  readonly hostname: string;
  /** The process that starts it: while it lives and the sandbox has no record, its addresses are kept for it. */
  readonly launcher: Pinned;
  /** The hub that it was connected to: one that was killed has taken its links with it. */
  readonly hub: Pinned;
  readonly interfaces: readonly JoinedInterface[];
}
