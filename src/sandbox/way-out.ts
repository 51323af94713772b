import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readOnce } from '../discovery/files.ts';
import { startTimeOf } from '../discovery/pin.ts';
import { fail } from '../model/problem.ts';
import { hasPorts, type Capabilities, type Network, type Profile } from '../model/profile.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { requireConnector, requirePorts, type Connector } from '../network/connector.ts';
import { filterRules, portRules } from '../network/filter.ts';
import { hostNetwork } from '../network/host-network.ts';
import { PORTS_LINK } from '../network/pasta.ts';
import type { Resolver } from '../network/resolver.ts';
import { isNew } from './choices.ts';
import type { LabPlan } from './lab/open-lab.ts';
import { killPinned } from './kill-pinned.ts';
import { bindFile, NO_MOUNTS, type MountPlan } from './mounts.ts';

/** How a sandbox of the network `internet` gets out, or ports lead into one of a lab, worked out before anything runs. */
export interface WayOut {
  readonly kind: Connector['kind'] | 'ports';
  /** What carries its packets, but for the process whose namespaces it connects. */
  readonly command: readonly string[];
  /** Rules of nft(8) inside. */
  readonly filter: readonly string[];
  readonly resolver: Resolver | undefined;
}

/**
 * Undefined where the profile asks for none, and where this machine has no way out itself.
 * @throws ProblemError for what this host lacks, and for capabilities that could open the filter.
 */
export async function planWayOut(profile: Profile): Promise<WayOut | undefined> {
  if (!needsFilter(profile)) return undefined;
  const { network, capabilities, lab } = profile;
  refuseOpening(capabilities, lab === undefined ? 'network' : 'ports');
  const host = hostNetwork();
  if (!host.online) {
    refusePorts(network);
    return undefined;
  }
  if (lab !== undefined)
    return { kind: 'ports', command: await requirePorts(network), filter: portRules(PORTS_LINK), resolver: undefined };
  const { kind, command, resolver, gateways } = await requireConnector(network);
  const filter = filterRules({ ...host, gateways: [...host.gateways, ...gateways] });
  return { kind, command, filter, resolver };
}

/** In a network namespace that is not its own, what `network` says of others it extends means nothing. */
export function asksForInternet(profile: Profile): boolean {
  return profile.network.mode === 'internet' && isNew(profile, 'net');
}

/** Whether something leads out of its network namespace past the lab that it may be in: what is asked of it is filtered inside. */
function needsFilter(profile: Profile): boolean {
  return asksForInternet(profile) || (profile.lab !== undefined && hasPorts(profile.network));
}

function refusePorts({ publish, hostPorts }: Network): void {
  const ports = [...(publish.length > 0 ? ['"publish"'] : []), ...(hostPorts.length > 0 ? ['"hostPorts"'] : [])];
  if (ports.length > 0) fail('networkOffline', { ports });
}

/** `net_admin` takes rules away, and what `net_raw` puts on the wire passes none (packet(7)). */
const OPENING = ['net_admin', 'net_raw'] as const;

function refuseOpening({ base, add, drop }: Capabilities, without: 'network' | 'ports'): void {
  const names = OPENING.filter((name) => (base === 'all' || add.includes(name)) && !drop.includes(name));
  if (names.length > 0) fail('capabilitiesOpenNetwork', { names, without });
}

/** A profile whose default capabilities leave the filter as it is. */
export function closedCapabilities(profile: Profile): Profile {
  if (!needsFilter(profile)) return profile;
  const { capabilities } = profile;
  return { ...profile, capabilities: { ...capabilities, drop: [...new Set([...capabilities.drop, ...OPENING])] } };
}

/** Who answers for names inside: through its own way out, or through that of its lab. */
export function resolverOf({ wayOut, lab }: Ways): Resolver | undefined {
  return wayOut?.resolver ?? lab?.internet?.resolver;
}

interface Ways {
  readonly wayOut: WayOut | undefined;
  readonly lab: LabPlan | undefined;
}

/** resolv.conf(5) in the sandbox's scratch folder, bound over the one of the root file system. */
export function resolverMounts(ways: Ways, folder: string, foreignRoot: boolean): MountPlan {
  const resolver = resolverOf(ways);
  if (resolver === undefined) return NO_MOUNTS;
  const file = foreignRoot ? '/etc/resolv.conf' : resolver.file;
  const isThere = !foreignRoot && /^\/(etc|usr|opt)\//.test(file);
  // A resolv.conf that is a link leads to a file of the system that wrote it.
  const replaced = foreignRoot ? ['x-unlink'] : [];
  const second = [bindFile(join(folder, RESOLVER), file, ['ro', 'nosuid', 'nodev', 'noexec', ...replaced])];
  return isThere ? { ...NO_MOUNTS, second } : { ...NO_MOUNTS, folders: [dirname(file)], files: [file], second };
}

/** Files of a sandbox's folder that the script writes, in the subfolder that belongs to who is root inside. */
export const RESOLVER = 'scratch/resolv.conf';
export const WAY_OUT_PID = 'scratch/way-out.pid';

/** The process that carries its packets, in the background. */
export function wayOutProcess(folder: string): Sandbox['wayOut'] {
  const pid = Number(readFileSync(join(folder, WAY_OUT_PID), 'utf8'));
  const startTime = isConnector(pid) ? startTimeOf(pid) : undefined;
  return startTime === undefined ? undefined : { pid, startTime };
}

/** Whether it is one that runs, of that user where one is given. pasta(1) may run under the name of a variant for this processor. */
export function isConnector(pid: number, uid?: number): boolean {
  const status = readOnce(`/proc/${pid}/status`)?.toString('latin1') ?? '';
  const [, effective] = /^Uid:\t\d+\t(\d+)/m.exec(status) ?? [];
  const runs = /^Name:\t(pas(ta|st)|slirp4netns)/.test(status) && !/^State:\tZ/m.test(status);
  return runs && (uid === undefined || Number(effective) === uid);
}

/** Ends the way out of a sandbox that has ended, where nobody was left to end it. */
export function endWayOut(wayOut: Sandbox['wayOut']): void {
  if (wayOut !== undefined) killPinned(wayOut);
}
