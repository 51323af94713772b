import { hubAddresses, type LabAddress, type LabInterface, type LabMembership, type LabNetwork } from '../model/lab.ts';
import { problem, type AddressFault, type Place, type Problem } from '../model/problem.ts';
import { hasPorts, PORTS_DEVICE, type Network } from '../model/profile.ts';
import { contains, formatAddress, isForHosts, parseAddress, parsePrefixed, type Address } from '../model/subnet.ts';
import type { Entry } from './catalog.ts';
import { latest, latestOf, type Chain, type Said } from './chain.ts';
import { subnetOf, type FileNetworks } from './networks.ts';
import { parsePort } from './ports.ts';
import type { FileProfile } from './schema.ts';

type Report = (problem: Problem) => void;
type Interfaces = NonNullable<FileProfile['networks']>;
type WrittenInterface = Interfaces[string];

/** What the nearest profile says of `networks`, unless a nearer one says another network. */
export function networksSaid(chain: Chain): Said<Interfaces> | undefined {
  const said = latest(chain, 'networks');
  if (said === undefined || Object.keys(said.value).length === 0) return undefined;
  const others = [latest(chain, 'network')?.by, latestOf(chain, 'namespaces', 'net')?.by];
  const nearest = Math.min(...others.map((by) => (by === undefined ? chain.length : chain.indexOf(by))));
  return chain.indexOf(said.by) <= nearest ? said : undefined;
}

/** The networks of a profile's file that it joins; undefined where it joins none. */
export function labOf(chain: Chain, files: readonly FileNetworks[], report: Report): LabMembership | undefined {
  reportOtherNetworks(chain, report);
  const said = networksSaid(chain);
  if (said === undefined) return undefined;
  const seen = files.filter(({ layer }) => layer <= said.by.layer);
  const joined = Object.entries(said.value).flatMap(([name, one], index) => {
    const found = networkNamed(name, seen);
    if (found !== undefined) return [{ ...found, name, one, index }];
    for (const one of notThere(name, seen, said.by)) report(one);
    return [];
  });
  const [first] = joined;
  if (first === undefined) return undefined;
  for (const one of problemsOf(first.file)) report(one);
  const apart = joined.find(({ file }) => file !== first.file);
  if (apart) report(problem('networksApart', { first: first.name, second: apart.name }, placeOf(apart.name, said.by)));
  const named = joined.map(({ network, one, index }) => interfaceOf(network, one, index, said.by, report));
  reportSameDevices(named, hasPorts(portsOf(said.value)), said.by, report);
  const interfaces = withHubAsGateway(named, first.file.networks);
  reportSharing(chain, said.by, report);
  const forwarding = latest(chain, 'forwarding')?.value ?? false;
  const { file, networks, named: addresses } = first.file;
  return { file, networks, named: addresses, interfaces, forwarding };
}

/** The ports that any of them names: they lead to the sandbox, whatever network it is in. */
export function portsOf(interfaces: Interfaces): Pick<Network, 'publish' | 'hostPorts'> {
  const settings = Object.values(interfaces).map(settingsOf);
  return {
    publish: settings.flatMap(({ publish = [] }) => publish.map(parsePort).filter((port) => port !== undefined)),
    hostPorts: settings.flatMap(({ hostPorts = [] }) => hostPorts),
  };
}

/** The first network with a way out leads to everything else, unless one of them names who does. */
function withHubAsGateway(
  interfaces: readonly LabInterface[],
  networks: readonly LabNetwork[],
): readonly LabInterface[] {
  const known = new Set(interfaces.flatMap(({ gateways }) => gateways.map(versionOf)));
  return interfaces.map((one) => {
    const network = networks.find(({ name }) => name === one.network);
    const own = network === undefined ? [] : hubAddresses(network).map(({ address }) => address);
    const added = own.filter((address) => !known.has(versionOf(address)));
    for (const address of added) known.add(versionOf(address));
    return { ...one, gateways: [...one.gateways, ...added] };
  });
}

const versionOf = (address: string): number | undefined => parseAddress(address)?.version;

/** In one profile they contradict each other; of two that extend each other the nearer one is meant. */
function reportOtherNetworks(chain: Chain, report: Report): void {
  for (const { settings, place } of chain) {
    const mode = typeof settings.network === 'string' ? settings.network : settings.network?.mode;
    if (settings.networks === undefined || mode === undefined || mode === 'none') continue;
    report(problem('conflictingKeys', { keys: ['networks', `"network": "${mode}"`] }, place(['networks'], 'key')));
  }
}

/** The user namespace of a sandbox in a lab is a child of the hub's, and can be nobody else's. */
function reportSharing(chain: Chain, by: Entry, report: Report): void {
  for (const type of ['ipc', 'uts', 'time'] as const) {
    const choice = latestOf(chain, 'namespaces', type)?.value ?? 'new';
    if (choice === 'new' || choice === 'host') continue;
    report(problem('conflictingKeys', { keys: ['networks', `namespaces.${type}`] }, by.place(['networks'], 'key')));
  }
}

function networkNamed(name: string, files: readonly FileNetworks[]) {
  const file = files.findLast((one) => one.networks.some((network) => network.name === name));
  const network = file?.networks.find((one) => one.name === name);
  return file && network && { file, network };
}

/** While something is wrong in it, nobody knows what else the lab would be. */
function problemsOf({ wrong, together }: FileNetworks): readonly Problem[] {
  return [...wrong.map((one) => one.problem), ...together];
}

/** One that is there, and wrong, is said to be that. */
function notThere(name: string, files: readonly FileNetworks[], by: Entry): readonly Problem[] {
  const wrong = files.flatMap((file) => file.wrong).filter(({ path }) => path.length === 1 || path[1] === name);
  if (wrong.length > 0) return wrong.map((one) => one.problem);
  const known = files.flatMap(({ networks }) => networks.map((network) => network.name));
  return [problem('unknownNetwork', { name, known }, placeOf(name, by, 'key'))];
}

function interfaceOf(
  network: LabNetwork,
  written: WrittenInterface,
  index: number,
  by: Entry,
  report: Report,
): LabInterface {
  const { address = 'auto', interface: device = `eth${index}`, gateway = [] } = settingsOf(written);
  const fixed = listed(address).filter((text) => text !== 'auto');
  const place = placeOf(network.name, by);
  const addresses = fixedAddresses(fixed, network, place, report);
  return {
    network: network.name,
    device,
    addresses: network.subnets.map((subnet) => ({ subnet, address: addresses.get(subnet) })),
    gateways: gatewaysOf(listed(gateway), addresses, network, place, report),
  };
}

function settingsOf(written: WrittenInterface): Exclude<WrittenInterface, string | readonly string[]> {
  return typeof written === 'string' || Array.isArray(written) ? { address: written } : written;
}

const listed = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value);

/** By subnet. */
function fixedAddresses(
  texts: readonly string[],
  network: LabNetwork,
  place: Place | undefined,
  report: Report,
): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>();
  for (const text of texts) {
    const found = placed(text, network);
    const isHubs = hubAddresses(network).some(({ address }) => address === found.address);
    const fault = found.fault ?? (isHubs ? 'hub' : addresses.has(found.subnet) ? 'version' : undefined);
    if (fault !== undefined) report(wrong(text, network, fault, place));
    else if (found.fault === undefined) addresses.set(found.subnet, found.address);
  }
  return addresses;
}

function gatewaysOf(
  texts: readonly string[],
  own: ReadonlyMap<string, string>,
  network: LabNetwork,
  place: Place | undefined,
  report: Report,
): readonly string[] {
  return texts.flatMap((text) => {
    const found = placed(text, network);
    const isOwn = found.fault === undefined && own.get(found.subnet) === found.address;
    const fault = found.fault ?? (isOwn ? 'own' : undefined);
    if (fault !== undefined) report(wrong(text, network, fault, place));
    return found.fault === undefined ? [found.address] : [];
  });
}

type Placed =
  | { readonly fault: AddressFault; readonly address?: undefined }
  | (Required<LabAddress> & { readonly address: string; readonly fault?: undefined });

/** The subnet in which an address is, or why it cannot be had. */
function placed(text: string, { subnets }: LabNetwork): Placed {
  const { address, bits } = parsePrefixed(text) ?? { address: NOWHERE, bits: undefined };
  const subnet = subnets.find((one) => contains(subnetOf(one), address));
  if (subnet === undefined) return { fault: 'outside' };
  if (bits !== undefined && bits !== subnetOf(subnet).bits) return { fault: 'prefix' };
  return isForHosts(subnetOf(subnet), address) ? { subnet, address: formatAddress(address) } : { fault: 'reserved' };
}

const NOWHERE: Address = { version: 4, value: 0n };

function wrong(
  address: string,
  { name, subnets }: LabNetwork,
  reason: AddressFault,
  place: Place | undefined,
): Problem {
  return problem('addressWrong', { address, network: name, subnets, reason }, place);
}

function reportSameDevices(interfaces: readonly LabInterface[], ports: boolean, by: Entry, report: Report): void {
  interfaces.forEach(({ device, network }, index) => {
    if (interfaces.findIndex((one) => one.device === device) < index)
      report(problem('interfaceTwice', { name: device }, placeOf(network, by)));
    if (ports && device === PORTS_DEVICE) report(problem('interfaceOfPorts', { name: device }, placeOf(network, by)));
  });
}

const placeOf = (network: string, by: Entry, part?: 'key'): Place | undefined => by.place(['networks', network], part);

/** Addresses that two profiles of one file name: one that extends another is not meant to run beside it. */
export function sameAddresses(entries: readonly Entry[]): (entry: Entry) => readonly Problem[] {
  const owners = new Map<string, Entry>();
  const twice = new Map<Entry, Problem[]>();
  for (const entry of entries) {
    for (const [network, address] of fixedIn(entry)) {
      const key = `${entry.layer} ${network} ${address}`;
      const owner = owners.get(key);
      owners.set(key, owner ?? entry);
      if (owner === undefined || owner.name === entry.name) continue;
      const found = problem('addressTwice', { address, network, profile: owner.name }, placeOf(network, entry));
      twice.set(entry, [...(twice.get(entry) ?? []), found]);
    }
  }
  return (entry) => twice.get(entry) ?? [];
}

/** By network, all addresses that profiles name. */
export function namedAddresses(entries: readonly Entry[]): Readonly<Record<string, readonly string[]>> {
  const named = entries.flatMap(fixedIn);
  const networks = new Set(named.map(([network]) => network));
  return Object.fromEntries(
    [...networks].map((network) => [network, named.filter(([one]) => one === network).map(([, address]) => address)]),
  );
}

function fixedIn({ settings }: Entry): readonly (readonly [string, string])[] {
  return Object.entries(settings.networks ?? {}).flatMap(([network, written]) => {
    const found = listed(settingsOf(written).address ?? 'auto').map((text) => parsePrefixed(text)?.address);
    return found.flatMap((one) => (one === undefined ? [] : [[network, formatAddress(one)] as const]));
  });
}
