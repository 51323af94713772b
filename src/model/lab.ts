/** One network that a profile file names: a bridge in the hub of its lab. */
export interface LabNetwork {
  readonly name: string;
  /** One of IPv4, one of IPv6, or both, as `10.0.0.0/24`. */
  readonly subnets: readonly string[];
  /** Bytes; undefined is the kernel's 1500. */
  readonly mtu: number | undefined;
  /** Whether its sandboxes cannot reach each other. */
  readonly isolated: boolean;
}

/** How a sandbox is in one network. */
export interface LabInterface {
  readonly network: string;
  /** Name of the link inside. */
  readonly device: string;
  /** One for each subnet of the network. */
  readonly addresses: readonly LabAddress[];
  /** Addresses through which everything else is reached. */
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
  /** Whether it passes packets on from one network to another. */
  readonly forwarding: boolean;
}
