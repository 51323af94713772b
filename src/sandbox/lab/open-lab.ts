import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { thisProcess } from '../../discovery/pin.ts';
import { realPath } from '../../host/paths.ts';
import { requireProgram } from '../../host/programs.ts';
import {
  hubAddresses,
  type JoinedInterface,
  type Lab,
  type LabAddress,
  type LabMember,
  type LabMembership,
  type LabNetwork,
} from '../../model/lab.ts';
import { fail } from '../../model/problem.ts';
import type { Profile } from '../../model/profile.ts';
import type { Pinned } from '../../model/sandbox.ts';
import { firstFree, parseAddress, parseSubnet, sameHost, withoutPrefix } from '../../model/subnet.ts';
import { wireWords, type LinkHost } from '../../network/lab-links.ts';
import type { CallerFolders } from '../../state/folders.ts';
import { labScript, makeLabFolder, readLab, replaceFile, writeLab, writeMember } from '../../state/labs.ts';
import { runGated, type GatedScript } from '../gates.ts';
import { planIds, SHIFTED_BASE, type IdPlan } from '../ids.ts';
import { plainName } from '../plain-name.ts';
import { planHubInternet, type HubInternet } from './hub-internet.ts';
import { hubScript } from './hub-script.ts';
import { connectedOnes, hostsOf, isSame, leaveLab, livingMembers } from './members.ts';

/** How a sandbox is in a lab, worked out before its script is written. */
export interface LabPlan {
  readonly id: string;
  readonly folder: string;
  /** The ids of the hub's user namespace, in which that of the sandbox is made. */
  readonly hubIds: IdPlan;
  readonly networks: readonly LabNetwork[];
  readonly interfaces: readonly JoinedInterface[];
  readonly forwarding: boolean;
  readonly host: LinkHost;
  /** Undefined where none of its networks has a way out. */
  readonly internet: HubInternet | undefined;
  /** The first text of its hosts(5). */
  readonly hosts: string;
}

/** A lab that is kept from ending, with a place in it for one sandbox. */
export interface OpenLab {
  readonly plan: LabPlan;
  readonly hub: Pinned;
}

/** A lab that is being opened. */
export interface Opening {
  /** What its plan will be, but for addresses. */
  readonly outline: LabPlan;
  readonly opened: Promise<OpenLab>;
  /** To be called when the sandbox keeps it from ending itself. */
  readonly close: () => void;
  /** Gives the place up. */
  readonly leave: () => Promise<void>;
}

/**
 * Finds the lab of a profile, or starts it, and takes a place in it for a sandbox; undefined without one.
 * @throws ProblemError `programMissing`, `ipv6Off`, and those of a way out; `opened` rejects with `labChanged`, `addressTaken`, `subnetFull`, and
 * those of a start.
 */
export async function openLab(profile: Profile, sandbox: string, folders: CallerFolders): Promise<Opening | undefined> {
  const [membership, outline] = [profile.lab, await outlineLab(profile, folders)];
  if (membership === undefined || outline === undefined) return undefined;
  const lab = { ...outline, membership };
  requireIPv6(membership, lab.host);
  makeLabFolder(lab.folder, lab.hubIds.kind === 'shifted' ? SHIFTED_BASE : undefined);
  const script = runGated(writeHubScript(lab, sandbox));
  const opened = enterLab(lab, script, { sandbox, hostname: profile.hostname });
  const leave = async (): Promise<void> => {
    script.close();
    script.detach(); // it may wait until others have started
    await opened.catch(() => undefined);
    leaveLab(lab.folder, sandbox);
  };
  return { outline, opened, close: script.close, leave };
}

async function enterLab(
  lab: LabPlan & Outline,
  script: GatedScript,
  who: Pick<LabMember, 'sandbox' | 'hostname'>,
): Promise<OpenLab> {
  const hub = asPinned(await script.at('lab'));
  const member = takePlace(lab, hub, who);
  await makeNetworks(lab, hub, script);
  const now = readLab(lab.folder);
  const hosts = hostsOf(member, connectedOnes(livingMembers(lab.folder), now));
  return { hub, plan: { ...lab, networks: now?.networks ?? [], interfaces: member.interfaces, hosts } };
}

/** What the plan of a sandbox would be, without a hub, and where nobody has its addresses: for whoever wants to see its script. */
export async function outlineLab(profile: Profile, folders: CallerFolders): Promise<LabPlan | undefined> {
  const membership = profile.lab;
  if (membership === undefined) return undefined;
  const lab = await outlineOf(membership, folders);
  const fixed = membership.interfaces.flatMap(({ addresses }) => addresses.flatMap(({ address }) => address ?? []));
  const members = connectedOnes(livingMembers(lab.folder), readLab(lab.folder)).filter(
    (member) =>
      !membership.interfaces.some(({ network }) => ownedIn(network, member).some(([one]) => fixed.includes(one))),
  );
  return { ...lab, ...membership, interfaces: addressesFor(membership, members), hosts: '' };
}

type Outline = Pick<LabPlan, 'id' | 'folder' | 'hubIds' | 'host' | 'internet'> & { readonly membership: LabMembership };

async function outlineOf(
  membership: LabMembership,
  { labs, uid, gid }: CallerFolders,
): Promise<Omit<Outline, 'membership'>> {
  const { file, networks } = membership;
  requireProgram('ip');
  requireProgram('flock');
  if (networks.some(({ conditions }) => Object.keys(conditions).length > 0)) requireProgram('tc');
  const id = labIdOf(file);
  const host = { ipv6: existsSync('/proc/net/if_inet6') };
  const internet = await planHubInternet(membership);
  return { id, folder: join(labs, id), hubIds: planIds(uid, gid), host, internet };
}

/** The name of the folder around `.vscode`, and what tells it from others of that name. */
export function labIdOf(file: string): string {
  const real = realPath(file);
  const place = createHash('sha256').update(real).digest('hex').slice(0, 6);
  return `${plainName(basename(dirname(dirname(real))), 'lab')}-${place}`;
}

/** The text of the script that starts the lab of a profile; undefined without one. */
export async function hubScriptOf({ lab }: Profile, folders: CallerFolders): Promise<string | undefined> {
  return lab && textOf({ ...(await outlineOf(lab, folders)), membership: lab });
}

function textOf({ folder, hubIds: ids, host, internet, membership: { file, networks } }: Outline): string {
  return hubScript({ file, folder, networks, ids, host, internet });
}

/** Root's is read by others: the hub runs as another. */
function writeHubScript(lab: Outline, sandbox: string): string {
  const path = labScript(lab.folder, sandbox);
  replaceFile(path, textOf(lab), 0o644);
  return path;
}

function requireIPv6({ networks, interfaces }: LabMembership, { ipv6 }: LinkHost): void {
  if (ipv6) return;
  const joined = networks.filter(({ name }) => interfaces.some(({ network }) => network === name));
  const six = joined.find(({ subnets }) => subnets.some((subnet) => subnet.includes(':')));
  if (six) fail('ipv6Off', { network: six.name });
}

function asPinned(text: string): Pinned {
  const [pid = 0, startTime = 0] = text.split(' ').map(Number);
  return { pid, startTime };
}

/** Nobody else starts a sandbox of this lab meanwhile: the script has its lock. */
function takePlace(
  { folder, membership }: Outline,
  hub: Pinned,
  who: Pick<LabMember, 'sandbox' | 'hostname'>,
): LabMember {
  const lab = readLab(folder);
  const others = livingMembers(folder).filter((member) => isSame(member.hub, hub));
  if (lab !== undefined && isSame(lab.hub, hub)) requireUnchanged(membership, lab, others);
  const member = { ...who, launcher: thisProcess(), hub, interfaces: addressesFor(membership, others) };
  writeMember(folder, member);
  return member;
}

/** A bridge that is there stays as it is. */
function requireUnchanged({ networks, interfaces }: LabMembership, lab: Lab, others: readonly LabMember[]): void {
  for (const { network } of interfaces) {
    const [now, then] = [networks, lab.networks].map((all) => all.find(({ name }) => name === network));
    if (
      then !== undefined &&
      JSON.stringify({ ...now, conditions: {} }) !== JSON.stringify({ ...then, conditions: {} })
    )
      fail('labChanged', { network, sandboxes: others.map(({ sandbox }) => sandbox) });
  }
}

/** The addresses that are named, and free ones for the rest: neither anybody's nor that of a gateway or of the hub. */
function addressesFor(
  { interfaces, named, networks }: LabMembership,
  others: readonly LabMember[],
): readonly JoinedInterface[] {
  const hubs = networks.flatMap(hubAddresses).map(({ address }) => address);
  return interfaces.map(({ network, device, addresses, gateways }) => {
    const owners = new Map(others.flatMap((member) => ownedIn(network, member)));
    for (const { address } of addresses) {
      const by = address === undefined ? undefined : owners.get(address);
      if (address !== undefined && by !== undefined) fail('addressTaken', { address, network, sandbox: by });
    }
    const taken = new Set([...owners.keys(), ...gateways, ...hubs, ...(named[network] ?? [])]);
    return { network, device, gateways, addresses: completed(addresses, taken, network) };
  });
}

/** A second one is like the first (`10.0.0.7`, `fd00::7`) if it can, so that who has one had the other before, too. */
function completed(addresses: readonly LabAddress[], taken: ReadonlySet<string>, network: string): readonly string[] {
  const given: LabAddress[] = [];
  for (const { subnet, address } of addresses.toSorted((one, other) => Number(!one.address) - Number(!other.address))) {
    const free = [address, alike(given[0], subnet), freeIn(subnet, taken)].find(
      (one) => one !== undefined && (one === address || !taken.has(one)),
    );
    given.push({ subnet, address: free ?? fail('subnetFull', { network, subnet }) });
  }
  const inOrder = addresses.map(({ subnet }) => given.find((one) => one.subnet === subnet));
  return inOrder.map((one) => `${one?.address ?? ''}/${one?.subnet.split('/')[1] ?? ''}`);
}

function alike(first: LabAddress | undefined, subnet: string): string | undefined {
  const [from, to] = [first?.subnet ?? '', subnet].map(parseSubnet);
  const address = parseAddress(first?.address ?? '');
  return from && to && address && sameHost(address, from, to);
}

function freeIn(text: string, taken: ReadonlySet<string>): string | undefined {
  const subnet = parseSubnet(text);
  return subnet && firstFree(subnet, taken);
}

function ownedIn(network: string, { sandbox, interfaces }: LabMember): readonly (readonly [string, string])[] {
  const own = interfaces.filter((one) => one.network === network).flatMap(({ addresses }) => addresses);
  return own.map((address) => [withoutPrefix(address), sandbox] as const);
}

/** Of the networks that the sandbox joins, those that the hub has not; and who of them all has a way out, where it needs one. */
async function makeNetworks(
  { id, folder, membership, internet }: Outline,
  hub: Pinned,
  script: GatedScript,
): Promise<void> {
  const { file, networks, interfaces } = membership;
  const lab = readLab(folder);
  const there = lab !== undefined && isSame(lab.hub, hub) ? lab.networks : [];
  const isNew = ({ name }: LabNetwork): boolean =>
    interfaces.some(({ network }) => network === name) && there.every((one) => one.name !== name);
  const made = networks.filter(isNew);
  const all = [...there, ...made];
  script.pass(made.map(({ name }) => name).join(' '));
  if (internet !== undefined) script.pass(wireWords(all).join(' '));
  else if (made.length === 0) return;
  await script.at('made');
  if (made.length > 0) writeLab(folder, { id, file, hub, networks: all });
  script.pass();
}
