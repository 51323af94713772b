import { requireProgram } from '../../host/programs.ts';
import type { LabMembership, LabNetwork } from '../../model/lab.ts';
import { fail } from '../../model/problem.ts';
import { overlaps, parsePrefixed, parseSubnet, subnetAround } from '../../model/subnet.ts';
import { requireHubConnector } from '../../network/connector.ts';
import { hubRules } from '../../network/filter.ts';
import { hostNetwork, type HostNetwork } from '../../network/host-network.ts';
import type { Resolver } from '../../network/resolver.ts';

/** The link of the hub that leads out: no network, and no end of a sandbox's link, can have its name. */
const DEVICE = '_internet';

/** How the hub of a lab leads to the internet, worked out before anything runs. */
export interface HubInternet {
  /** Rules of nft(8) in it. */
  readonly filter: readonly string[];
  /** What carries its packets, but for the process whose namespaces it connects; undefined while this machine is offline itself. */
  readonly command: readonly string[] | undefined;
  /** Undefined also where this machine resolves no names itself. */
  readonly resolver: Resolver | undefined;
}

/**
 * Undefined where none of the networks that a profile joins has a way out.
 * @throws ProblemError `programMissing`, `programTooOld`, `tunNotUsable`, `subnetOfHost`.
 */
export async function planHubInternet({ networks, interfaces }: LabMembership): Promise<HubInternet | undefined> {
  const joined = new Set(interfaces.map(({ network }) => network));
  const leadingOut = networks.filter(({ name, internet }) => internet && joined.has(name));
  if (leadingOut.length === 0) return undefined;
  requireProgram('nft');
  const host = hostNetwork();
  for (const network of leadingOut) refuseSubnetOf(host, network);
  const { command, resolver } = host.online ? await requireHubConnector(DEVICE) : OFFLINE;
  return { filter: hubRules(host, DEVICE), command, resolver };
}

const OFFLINE = { command: undefined, resolver: undefined } as const;

/** The hub has the addresses of this machine: what lies in their networks could be meant either way. */
function refuseSubnetOf({ links }: HostNetwork, { name, subnets }: LabNetwork): void {
  for (const subnet of subnets) {
    const address = links.find((link) => inOneNetwork(link, subnet));
    if (address !== undefined) fail('subnetOfHost', { network: name, subnet, address });
  }
}

function inOneNetwork(link: string, text: string): boolean {
  const [subnet, { address, bits } = {}] = [parseSubnet(text), parsePrefixed(link)];
  return (
    subnet !== undefined && address !== undefined && bits !== undefined && overlaps(subnet, subnetAround(address, bits))
  );
}
