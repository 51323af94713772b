import { existsSync } from 'node:fs';
import { requireProgram } from '../host/programs.ts';
import { outputOf } from '../host/run-program.ts';
import { fail } from '../model/problem.ts';
import { withoutPrefix, type Subnet } from '../model/subnet.ts';
import { freeUplinkNumber, MOST_UPLINKS, uplinkAddresses, uplinkLink, type Uplink } from '../model/uplink.ts';
import { forwardingForUplinks } from '../network/forwarding.ts';
import { hostNetwork } from '../network/host-network.ts';
import { parseHostRoutes, READ_ADDRESSES, READ_ROUTES, type HostRoutes } from '../network/host-routes.ts';
import { uplinkRules, type UplinkHost } from '../network/uplink-rules.ts';
import type { UplinkState } from '../protocol/helper.ts';
import { inside, netnsWord, type NetworkPlace } from './network-changes.ts';
import { shellWords } from './script/quote.ts';

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
  const [routes, addresses] = await Promise.all([outputOf(ip, READ_ROUTES), outputOf(ip, READ_ADDRESSES)]);
  return parseHostRoutes(routes, addresses);
}

/**
 * What the helper would make as the next way out of its user. `shared` is what forwards only because of others.
 * @throws ProblemError `uplinksFull`.
 */
export function planUplink(
  { ways }: HostRoutes,
  shared: readonly string[],
  { place, name, subnet }: { readonly place: NetworkPlace; readonly name: string; readonly subnet: Subnet },
): UplinkPlan {
  const uid = process.getuid?.() ?? 0;
  const forwarding = forwardingForUplinks(ways, shared);
  return {
    place,
    name,
    uplink: { uid, number: requireNumber(uid), subnet },
    host: { ...hostNetwork(), ways, forwarding },
  };
}

/** Whether a way out can be had here at all. @throws ProblemError `hostOffline`, `uplinksFull`. */
export function requireWayOut({ ways }: HostRoutes): void {
  if (ways.length === 0) fail('hostOffline', {});
  requireNumber(process.getuid?.() ?? 0);
}

function requireNumber(uid: number): number {
  const number = freeUplinkNumber((one) => existsSync(`/sys/class/net/${uplinkLink({ uid, number: one })}`));
  return number ?? fail('uplinksFull', { most: MOST_UPLINKS });
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

/** Those that take it away again: what forwards for others, too, goes on. */
export function disconnectCommands({ link, table, ending }: UplinkState): readonly string[] {
  return [
    shellWords(['ip', 'link', 'delete', 'dev', link]),
    ...ending.map((one) => forwardingCommand(one, false)),
    shellWords(['nft', 'delete', 'table', 'inet', table]),
  ];
}

function forwardingCommand(name: string, on: boolean): string {
  return shellWords(['sysctl', '-w', `net/ipv4/conf/${name}/forwarding=${on ? 1 : 0}`]);
}
