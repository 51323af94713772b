import {
  contains,
  overlaps,
  parsePrefixed,
  subnetAround,
  withoutPrefix,
  type Address,
  type Subnet,
} from '../model/subnet.ts';

/** An address with the length of its network's prefix: `10.0.0.1/24`. */
export interface Cidr {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
  readonly value: Address;
}

/** Undefined for anything that is no address with a prefix length; one of a device (`fe80::1%eth0`) is none. */
export function parseCidr(text: string): Cidr | undefined {
  const written = text.trim().toLowerCase();
  const { address: value, bits } = parsePrefixed(written) ?? {};
  if (value === undefined || bits === undefined) return undefined;
  return { address: withoutPrefix(written), bits, family: value.version === 4 ? 'ipv4' : 'ipv6', value };
}

/** Whether an address is one of the network that another is in. */
export function isInNetworkOf(one: Cidr, other: Cidr): boolean {
  return contains(subnetOf(other), one.value);
}

/** Whether two networks have an address in common. */
export function overlap(one: Cidr, other: Cidr): boolean {
  return overlaps(subnetOf(one), subnetOf(other));
}

export function sameAddress(one: Cidr, other: Cidr): boolean {
  return one.family === other.family && one.value.value === other.value.value;
}

function subnetOf({ value, bits }: Cidr): Subnet {
  return subnetAround(value, bits);
}
