import { contains, formatAddress, parseSubnet, type Subnet } from './subnet.ts';

/** A link by which one network of a user gets out through the host's own, as one that everybody takes for the host. */
export interface Uplink {
  readonly uid: number;
  /** Which of the user's uplinks it is. */
  readonly number: number;
  readonly subnet: Subnet;
}

/** How many a user has at the same time: one digit in their names. */
export const MOST_UPLINKS = 8;

/** The lowest number that none of a user's uplinks has; undefined where there are as many as may be. */
export function freeUplinkNumber(isTaken: (number: number) => boolean): number | undefined {
  return Array.from({ length: MOST_UPLINKS }, (_, number) => number).find((number) => !isTaken(number));
}

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** A private network (RFC 1918) of 4 to 256 addresses; undefined for anything else. */
export function parseUplinkSubnet(text: string): Subnet | undefined {
  const subnet = parseSubnet(text);
  const fits = subnet !== undefined && subnet.bits >= 24 && subnet.bits <= 30;
  return fits && PRIVATE.map(parseSubnet).some((one) => one !== undefined && contains(one, subnet))
    ? subnet
    : undefined;
}

/** What the host's end is called: at most 15 bytes, as IFNAMSIZ of the kernel wants it. */
export function uplinkLink({ uid, number }: Pick<Uplink, 'uid' | 'number'>): string {
  return `uns${uid}-${number}`;
}

/** Whether an interface of the host's network is called as an uplink. */
export function isUplinkLink(name: string): boolean {
  return /^uns\d+-\d$/.test(name);
}

/** The table of nft(8) with its rules. */
export function uplinkTable({ uid, number }: Pick<Uplink, 'uid' | 'number'>): string {
  return `unshared_${uid}_${number}`;
}

/** The host has the first address, and is the gateway of who has the second: both with the length of their prefix. */
export function uplinkAddresses(subnet: Subnet): { readonly gateway: string; readonly address: string } {
  const at = (distance: bigint): string =>
    `${formatAddress({ ...subnet, value: subnet.value + distance })}/${subnet.bits}`;
  return { gateway: at(1n), address: at(2n) };
}
