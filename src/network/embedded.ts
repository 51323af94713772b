import { formatSubnet, parsePrefixed, parseSubnet, subnetAround, type Subnet } from '../model/subnet.ts';

/**
 * Networks of IPv6 whose addresses mean addresses of IPv4 and that are closed whole: IPv4-compatible and IPv4-mapped (RFC 4291),
 * which a socket may take for IPv4 (ipv6(7)), and IPv4-translated (RFC 2765); NAT64 of a local network, whose owner chooses where in
 * the address that of IPv4 begins, so that the addresses of a closed network are in no few prefixes (RFC 8215); Teredo, where the
 * address is inverted and comes after those of a server and a port (RFC 4380).
 */
const WHOLE = ['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b:1::/48', '2001::/32'] as const;

/** Prefixes after which the address of IPv4 stands in one piece: NAT64 (RFC 6052) and 6to4 (RFC 3056). */
const BEFORE = ['64:ff9b::/96', '2002::/16'].map(parseSubnet).filter((prefix) => prefix !== undefined);

/**
 * The networks of IPv6 by which translators and tunnels lead to networks of IPv4, each as ADDRESS/BITS or an address alone. A network
 * of IPv4 has exactly one prefix in NAT64 and one in 6to4; the other forms are closed whole. What is no network of IPv4 adds nothing.
 */
export function embeddedNetworks(closed: readonly string[]): readonly string[] {
  const networks = closed.map(networkOf).filter((network) => network !== undefined);
  const behind = BEFORE.flatMap((prefix) => networks.map((network) => formatSubnet(joined(prefix, network))));
  return [...new Set([...WHOLE, ...behind])];
}

function networkOf(text: string): Subnet | undefined {
  const { address, bits = 32 } = parsePrefixed(text) ?? {};
  return address?.version === 4 ? subnetAround(address, bits) : undefined;
}

function joined(prefix: Subnet, { value, bits }: Subnet): Subnet {
  const below = BigInt(128 - 32 - prefix.bits);
  return { version: 6, value: prefix.value | (value << below), bits: prefix.bits + bits };
}
