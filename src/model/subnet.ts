import { isIPv4, isIPv6 } from 'node:net';

/** An address as a number, with the protocol that tells how many bits it has. */
export interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
}

/** All addresses whose first `bits` bits are those of `first`. */
export interface Subnet extends Address {
  readonly bits: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** Undefined for what is no address, or one with a zone (`fe80::1%eth0`). */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { version: 4, value: joined(text.split('.').map(Number), 8n) };
  return isIPv6(text) && !text.includes('%') ? { version: 6, value: joined(groupsOf(text), 16n) } : undefined;
}

/** `10.0.0.0/24`: undefined where bits after the prefix are set, and for anything else. */
export function parseSubnet(text: string): Subnet | undefined {
  const { address, bits } = parsePrefixed(text) ?? {};
  if (address === undefined || bits === undefined) return undefined;
  const subnet = subnetAround(address, bits);
  return subnet.value === address.value ? subnet : undefined;
}

/** `10.0.0.1/24` or `10.0.0.1`, whose bits are then undefined. Undefined for anything else. */
export function parsePrefixed(
  text: string,
): { readonly address: Address; readonly bits: number | undefined } | undefined {
  const [written = '', bits, ...more] = text.split('/');
  const address = parseAddress(written);
  if (address === undefined || more.length > 0) return undefined;
  if (bits === undefined) return { address, bits: undefined };
  const isNumber = /^(?:0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= WIDTH[address.version];
  return isNumber ? { address, bits: Number(bits) } : undefined;
}

/** `10.0.0.1` of `10.0.0.1/24`. */
export function withoutPrefix(text: string): string {
  return text.split('/')[0] ?? '';
}

/** As ip(8) writes it: the longest run of zeros of an IPv6 address is `::` (RFC 5952). */
export function formatAddress({ version, value }: Address): string {
  if (version === 4) return parts(value, 4, 8n).join('.');
  const text = parts(value, 8, 16n)
    .map((part) => part.toString(16))
    .join(':');
  const runs = text.match(/\b0(?::0\b)+/g) ?? [];
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '');
  if (longest === '') return text;
  const at = text.search(new RegExp(`(?<![0-9a-f])${longest}(?![0-9a-f])`));
  const [before, after] = [text.slice(0, at), text.slice(at + longest.length)];
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}

/** The subnet with so many bits that an address is in. */
export function subnetAround(address: Address, bits: number): Subnet {
  const size = sizeOf({ ...address, bits });
  return { ...address, bits, value: address.value - (address.value % size) };
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatAddress(subnet)}/${subnet.bits}`;
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  return one.version === other.version && (contains(one, other) || contains(other, one));
}

export function contains(subnet: Subnet, { version, value }: Address): boolean {
  return version === subnet.version && value >= subnet.value && value < subnet.value + sizeOf(subnet);
}

/**
 * Whether somebody may have this address: the first one names the subnet itself (of IPv6 its routers, RFC 4291), the last one
 * of IPv4 all that are in it.
 */
export function isForHosts(subnet: Subnet, address: Address): boolean {
  const last = subnet.value + sizeOf(subnet) - 1n;
  return (
    contains(subnet, address) && address.value !== subnet.value && (subnet.version === 6 || address.value !== last)
  );
}

/** The highest address of a subnet that somebody may have. */
export function lastForHosts(subnet: Subnet): Address {
  const value = subnet.value + sizeOf(subnet) - (subnet.version === 6 ? 1n : 2n);
  return { version: subnet.version, value };
}

/** The lowest address of a subnet that nobody has. */
export function firstFree(subnet: Subnet, taken: ReadonlySet<string>): string | undefined {
  for (let value = subnet.value + 1n; isForHosts(subnet, { ...subnet, value }); value++) {
    const address = formatAddress({ ...subnet, value });
    if (!taken.has(address)) return address;
  }
  return undefined;
}

/** The address at the same distance from the first one in another subnet, where that has one for hosts. */
export function sameHost(address: Address, from: Subnet, to: Subnet): string | undefined {
  const value = to.value + address.value - from.value;
  return isForHosts(to, { ...to, value }) ? formatAddress({ version: to.version, value }) : undefined;
}

const sizeOf = ({ version, bits }: Subnet): bigint => 1n << BigInt(WIDTH[version] - bits);

function joined(numbers: readonly number[], bits: bigint): bigint {
  return numbers.reduce((all, one) => (all << bits) | BigInt(one), 0n);
}

function parts(value: bigint, count: number, bits: bigint): readonly number[] {
  return Array.from({ length: count }, (_, index) =>
    Number((value >> (BigInt(count - 1 - index) * bits)) & ((1n << bits) - 1n)),
  );
}

function groupsOf(text: string): readonly number[] {
  const [head = '', tail] = text.replace(/[^:]*\.[^:]*$/, asGroups).split('::');
  const [before, after] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':'))) as [
    string[],
    string[],
  ];
  const between = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(between).fill('0'), ...after].map((group) => parseInt(group, 16));
}

/** `::ffff:10.0.0.1` ends with an IPv4 address. */
function asGroups(dotted: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
