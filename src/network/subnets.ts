import { BlockList, isIP } from 'node:net';

/** An address with the length of its network's prefix: `10.0.0.1/24`. */
export interface Cidr {
  readonly address: string;
  readonly bits: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** Undefined for anything that is no address with a prefix length; one of a device (`fe80::1%eth0`) is none. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', digits] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text.trim()) ?? [];
  const version = isIP(address);
  const bits = Number(digits);
  if (version === 0 || bits > (version === 4 ? 32 : 128)) return undefined;
  return { address: address.toLowerCase(), bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}

/** Whether an address is one of the network that another is in. */
export function isInNetworkOf(one: Cidr, other: Cidr): boolean {
  return one.family === other.family && subnetOf(other).check(one.address, one.family);
}

/** Whether two networks have an address in common. */
export function overlap(one: Cidr, other: Cidr): boolean {
  return isInNetworkOf(one, other) || isInNetworkOf(other, one);
}

export function sameAddress(one: Cidr, other: Cidr): boolean {
  return isInNetworkOf(one, { ...other, bits: other.family === 'ipv4' ? 32 : 128 });
}

function subnetOf({ address, bits, family }: Cidr): BlockList {
  const subnet = new BlockList();
  subnet.addSubnet(address, bits, family);
  return subnet;
}
