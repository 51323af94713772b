import type { WiredNetwork } from '../../model/wiring.ts';
import { formatSubnet, overlaps, parsePrefixed, subnetAround, type Subnet } from '../../model/subnet.ts';
import { parseUplinkSubnet } from '../../model/uplink.ts';
import { isInNetworkOf, overlap, parseCidr, sameAddress } from '../../network/subnets.ts';
import { ID } from '../../protocol/helper.ts';

/** What is wrong with an input, as a sentence that says what to do; undefined if nothing is. */
export type Fault = string | undefined;

/** Of a new network namespace: what the helper takes, and no name that is there. */
export function faultOfNetworkName(name: string, taken: readonly string[]): Fault {
  if (!ID.test(name)) return 'Use up to 32 of a–z, 0–9 and "-", and begin with a letter or digit.';
  return taken.includes(name) ? `There is a network namespace ${name} already.` : undefined;
}

/** Of a new interface: the kernel takes 15 bytes. */
export function faultOfLinkName(name: string, network: WiredNetwork | undefined): Fault {
  if (name.length > 15) return 'The kernel takes at most 15 characters.';
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) return 'Use a–z, 0–9 and "-", and begin with a letter or digit.';
  const taken = network?.interfaces.some((one) => one.name === name) === true;
  return taken ? `${network.name} has an interface ${name} already.` : undefined;
}

/** Of an address for an interface of a network; `peer` is the address of the other end, if it has one. */
export function faultOfAddress(
  text: string,
  network: WiredNetwork | undefined,
  link: string,
  peer: string | undefined,
): Fault {
  const given = parseCidr(text);
  if (!given) return 'Give an address with its prefix length, such as 10.0.0.1/24 or fd00::1/64.';
  const other = peer === undefined ? undefined : parseCidr(peer);
  if (other && other.family === given.family) {
    if (sameAddress(given, other)) return `${given.address} is the address of the other end already.`;
    if (!isInNetworkOf(given, other)) return `This is outside of the network of the other end, ${peer ?? ''}.`;
  }
  const existing = (network?.interfaces ?? []).flatMap(({ name, addresses }) =>
    addresses.flatMap((address) => {
      const parsed = parseCidr(address);
      return parsed ? [{ name, address, parsed }] : [];
    }),
  );
  const same = existing.find(({ parsed }) => sameAddress(given, parsed));
  if (same) return `${same.name} has the address ${same.address} already.`;
  const clash = existing.find(({ name, parsed }) => name !== link && overlap(given, parsed));
  return clash && `This overlaps with ${clash.address} of ${clash.name}: packets would go to one of them only.`;
}

/** Of the subnet of a way out: `taken` is where this host's own routes and addresses are. */
export function faultOfUplinkSubnet(text: string, taken: readonly Subnet[]): Fault {
  const subnet = parseUplinkSubnet(text);
  if (!subnet)
    return 'Give a private network of 4 to 256 addresses, such as 10.213.0.0/24. All bits after the prefix must be zero.';
  const clash = taken.find((one) => overlaps(one, subnet));
  return clash && `This host has a route or an address in ${formatSubnet(clash)} already.`;
}

/** One that neither this host has nor, of what is known, another network. */
export function freeUplinkSubnet(taken: readonly Subnet[], addresses: readonly string[]): string {
  const known = addresses.map(parsePrefixed).map((one) => one && subnetAround(one.address, one.bits ?? 32));
  const all = [...taken, ...known.filter((one) => one !== undefined)];
  const candidates = Array.from({ length: 256 }, (_, number) => `10.213.${number}.0/24`);
  return candidates.find((candidate) => faultOfUplinkSubnet(candidate, all) === undefined) ?? '';
}

/** The first of `veth0`, `veth1` … that a network does not have. */
export function freeLinkName(network: WiredNetwork | undefined, taken: readonly string[] = []): string {
  const names = new Set([...(network?.interfaces ?? []).map(({ name }) => name), ...taken]);
  let number = 0;
  while (names.has(`veth${number}`)) number += 1;
  return `veth${number}`;
}

/** The first address of a network of IPv4 that none of those that are known overlaps with, as a suggestion. */
export function freeAddress(networks: readonly WiredNetwork[]): string {
  const taken = networks
    .flatMap(({ interfaces }) => interfaces.flatMap(({ addresses }) => addresses))
    .map(parseCidr)
    .filter((known) => known !== undefined);
  const candidates = Array.from({ length: 256 }, (_, number) => `10.0.${number}.1/24`);
  const isFree = (candidate: string): boolean => {
    const parsed = parseCidr(candidate);
    return parsed !== undefined && !taken.some((other) => overlap(parsed, other));
  };
  return candidates.find(isFree) ?? '';
}

/** The address after another one in its network, as a suggestion: of IPv4 alone. */
export function nextAddress(address: string): string {
  const [, begin = '', last, bits = ''] = /^(\d+\.\d+\.\d+\.)(\d+)(\/\d+)$/.exec(address) ?? [];
  const next = Number(last) + 1;
  return last === undefined || next > 254 ? '' : `${begin}${next}${bits}`;
}
