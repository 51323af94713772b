import { execa } from 'execa';
import { existsSync, readFileSync } from 'node:fs';
import { requireProgram } from '../host/programs.ts';
import { withoutPrefix, type Subnet } from '../model/subnet.ts';
import { MOST_UPLINKS, uplinkAddresses, uplinkLink, type Uplink } from '../model/uplink.ts';
import { hostNetwork } from '../network/host-network.ts';
import { parseHostRoutes, READ_ADDRESSES, READ_ROUTES, type HostRoutes } from '../network/host-routes.ts';
import { uplinkRules, type UplinkHost } from '../network/uplink-rules.ts';
import type { UplinkState } from '../protocol/helper.ts';
import { inside, netnsWord, type NetworkPlace } from './network-changes.ts';
import { shellWords } from './quote.ts';

/** A way out that is asked for, and what it would be made of on this host as it is now: the helper looks again. */
export interface UplinkPlan {
  readonly place: NetworkPlace;
  /** Of the interface in the network. */
  readonly name: string;
  readonly uplink: Uplink;
  readonly host: UplinkHost;
}

/** Where this host's routes and addresses are. @throws ProblemError `programMissing`. */
export async function readHostRoutes(): Promise<HostRoutes> {
  const ip = requireProgram('ip');
  const [routes, addresses] = await Promise.all([execa(ip, READ_ROUTES), execa(ip, READ_ADDRESSES)]);
  return parseHostRoutes(routes.stdout, addresses.stdout);
}

export function planUplink(
  { ways }: HostRoutes,
  wish: { readonly place: NetworkPlace; readonly name: string; readonly subnet: Subnet },
): UplinkPlan {
  const uid = process.getuid?.() ?? 0;
  const numbers = Array.from({ length: MOST_UPLINKS }, (_, number) => number);
  const number = numbers.find((one) => !existsSync(`/sys/class/net/${uplinkLink({ uid, number: one })}`)) ?? 0;
  const forwarding = ways.filter(
    (way) => readFileSync(`/proc/sys/net/ipv4/conf/${way}/forwarding`, 'utf8').trim() === '0',
  );
  const { place, name, subnet } = wish;
  return { place, name, uplink: { uid, number, subnet }, host: { ...hostNetwork(), ways, forwarding } };
}

/** The commands by which root makes it by hand, a line each: nft(8) reads its rules from the lines after it. */
export function connectCommands({ place, name, uplink, host }: UplinkPlan): readonly string[] {
  const link = uplinkLink(uplink);
  const { gateway, address } = uplinkAddresses(uplink.subnet);
  return [
    "nft -f - <<'.'",
    ...uplinkRules(uplink, host),
    '.',
    shellWords(['ip', 'link', 'add', 'name', link, 'type', 'veth', 'peer', 'name', name, 'netns', netnsWord(place)]),
    shellWords(['sysctl', '-w', `net/ipv6/conf/${link}/disable_ipv6=1`]),
    shellWords(['ip', 'address', 'add', gateway, 'dev', link]),
    ...[...host.forwarding, link].map((one) => forwardingCommand(one, true)),
    inside(place, ['address', 'add', address, 'dev', name]),
    inside(place, ['link', 'set', 'dev', name, 'up']),
    inside(place, ['route', 'add', 'default', 'via', withoutPrefix(gateway), 'dev', name]),
    shellWords(['ip', 'link', 'set', 'dev', link, 'up']),
  ];
}

/** Those that take it away again; `others` stay, and what forwards for them too. */
export function disconnectCommands(
  { link, table, forwarding }: UplinkState,
  others: readonly UplinkState[],
): readonly string[] {
  const ended = forwarding.filter((one) => !others.some((other) => other.forwarding.includes(one)));
  return [
    shellWords(['ip', 'link', 'delete', 'dev', link]),
    ...ended.map((one) => forwardingCommand(one, false)),
    shellWords(['nft', 'delete', 'table', 'inet', table]),
  ];
}

function forwardingCommand(name: string, on: boolean): string {
  return shellWords(['sysctl', '-w', `net/ipv4/conf/${name}/forwarding=${on ? 1 : 0}`]);
}
