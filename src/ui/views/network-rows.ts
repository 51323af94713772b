import { inMountsOf, netnsNames } from '../../model/namespace.ts';
import { isUplinkLink } from '../../model/uplink.ts';
import type { CableEnd, Interface, WiredNetwork, Wiring } from '../../model/wiring.ts';
import { kindText, stateText } from '../../text/networks.ts';
import { count } from '../../text/units.ts';
import { labRow } from './lab-rows.ts';
import { code, facts } from './markdown.ts';
import type { Observation, RunningSandbox } from './observation.ts';
import { portRows } from './port-rows.ts';
import { byPid } from './process-rows.ts';
import { row, type Row } from './row.ts';

/** One group of the view, made of what was observed and, once it was read, of the wiring. */
type Section = (observation: Observation, wiring: Wiring | undefined) => readonly Row[];

/** In the order in which they are shown; each gives no row where it has nothing. */
const SECTIONS: readonly Section[] = [labRows, namedRows, sandboxRows];

/** Labs, named network namespaces, and the sandboxes with a network of their own. Empty where there is none of them. */
export function networkRows(observation: Observation, wiring: Wiring | undefined): readonly Row[] {
  return SECTIONS.flatMap((section) => section(observation, wiring));
}

function labRows({ labs, sandboxes }: Observation): readonly Row[] {
  return section('labs', 'Labs', undefined, labs, (parent, lab) => labRow(parent, lab, sandboxes));
}

function namedRows(observation: Observation, wiring: Wiring | undefined): readonly Row[] {
  const named = namedNetworks(observation);
  return section('named', 'Named', 'ip netns', named, (parent, { name, inode }) => {
    const network = wiredOf(wiring, inode);
    return networkRow(`${parent}/${name}`, name, network, {
      icon: network?.uplink === undefined ? 'symbol-namespace' : 'globe',
      subject: { kind: 'namedNetwork', name, inode },
      spoken: `named network ${name}, ${summaryOf(network)}`,
      tooltip: () => tooltipOf(name, inode, `/run/netns/${name}`),
    });
  });
}

/** The names in /run/netns, as ip-netns(8) lists them. */
export function namedNetworks({
  snapshot,
  ownPid,
}: Observation): readonly { readonly name: string; readonly inode: number }[] {
  const isHere = inMountsOf(ownPid, snapshot.processes);
  return snapshot.namespaces
    .filter(({ type }) => type === 'net')
    .flatMap((namespace) => netnsNames(namespace, isHere).map((name) => ({ name, inode: namespace.inode })))
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
}

function sandboxRows(observation: Observation, wiring: Wiring | undefined): readonly Row[] {
  const { snapshot, sandboxes } = observation;
  const apart = sandboxes.filter(({ sandbox }) => sandbox.network.mode !== 'host' && !sandbox.spare);
  const processes = byPid(snapshot.processes);
  return section('sandboxes', 'Sandboxes', undefined, apart, (parent, running) =>
    sandboxRow(
      `${parent}/${running.sandbox.id}`,
      running,
      wiredOf(wiring, processes.get(running.sandbox.pid)?.namespaces.net),
    ),
  );
}

function sandboxRow(id: string, { sandbox }: RunningSandbox, network: SeenNetwork | undefined): Row {
  const internet = sandbox.network.mode === 'internet' || sandbox.lab?.internet === true;
  const seen = network !== undefined && network.unread === undefined;
  const way = internet ? 'internet' : seen && network.uplink === undefined ? 'no way out' : '';
  const ports = portRows(id, sandbox.network);
  return networkRow(id, sandbox.id, network, {
    description: [way, summaryOf(network)].filter(Boolean).join(' · '),
    spoken: [`network of sandbox ${sandbox.id}`, way, summaryOf(network)].filter(Boolean).join(', '),
    icon: internet || network?.uplink !== undefined ? 'globe' : 'vm-running',
    subject: { kind: 'sandbox', sandbox },
    opening: ports.length > 0 ? 'expanded' : 'collapsed',
    children: () => [...ports, ...interfaceRows(id, network)],
  });
}

function section<Item>(
  id: string,
  label: string,
  how: string | undefined,
  items: readonly Item[],
  makeRow: (parent: string, item: Item) => Row,
): readonly Row[] {
  if (items.length === 0) return [];
  const description = [`${items.length}`, ...(how === undefined ? [] : [how])].join(' · ');
  return [
    row({
      id,
      label,
      description,
      icon: 'type-hierarchy',
      opening: 'expanded',
      children: () => items.map((item) => makeRow(id, item)),
    }),
  ];
}

/** A network with the interface, if any, that leads out through the host's own, and what the host calls the other end. */
interface SeenNetwork extends WiredNetwork {
  readonly uplink: { readonly index: number; readonly link: string } | undefined;
}

function wiredOf(wiring: Wiring | undefined, inode: number | undefined): SeenNetwork | undefined {
  const found = wiring?.networks.find((network) => network.inode === inode);
  return wiring && found && { ...found, uplink: uplinkOf(wiring, found) };
}

/** The interface of a network that leads out through the host's own, as far as the wiring is known. */
export function uplinkOf({ networks, cables }: Wiring, { inode }: Pick<WiredNetwork, 'inode'>): SeenNetwork['uplink'] {
  const nameOf = ({ network, index }: CableEnd): string =>
    networks.find((one) => one.inode === network)?.interfaces.find((one) => one.index === index)?.name ?? '';
  return cables
    .flatMap(({ from, to }) => (to === undefined ? [] : [[from, to] as const, [to, from] as const]))
    .filter(([near]) => near.network === inode)
    .map(([near, far]) => ({ index: near.index, link: nameOf(far) }))
    .find(({ link }) => isUplinkLink(link));
}

function networkRow(id: string, label: string, network: SeenNetwork | undefined, parts: Partial<Row>): Row {
  return row({
    id,
    label,
    description: summaryOf(network),
    icon: 'symbol-namespace',
    opening: 'collapsed',
    children: () => interfaceRows(id, network),
    ...parts,
  });
}

/** Its way out, and its addresses but those of the loopback and the kernel's own of a link, else how many interfaces it has. */
function summaryOf(network: SeenNetwork | undefined): string {
  if (network === undefined) return '';
  if (network.unread !== undefined) return network.unread;
  const links = network.interfaces.filter(({ kind }) => kind !== 'loopback');
  const addresses = links.flatMap(({ addresses: own }) => own.filter((address) => !address.startsWith('fe80:')));
  const what = addresses.length > 0 ? addresses.join(', ') : count(links.length, 'link', 'links');
  return network.uplink === undefined ? what : `way out · ${what}`;
}

function interfaceRows(parent: string, network: SeenNetwork | undefined): readonly Row[] {
  if (network === undefined) return [];
  if (network.unread !== undefined)
    return [row({ id: `${parent}/unread`, label: 'Not readable', description: network.unread, icon: 'lock' })];
  return network.interfaces.map((one) => interfaceRow(parent, network, one));
}

function interfaceRow(parent: string, network: SeenNetwork, one: Interface): Row {
  const { name, kind, addresses, up, carrier } = one;
  const out = network.uplink?.index === one.index ? [`out through ${network.uplink.link}`] : [];
  return row({
    id: `${parent}/${one.index}`,
    label: name,
    description: [...(up && carrier ? [] : [stateText(one)]), kindText(one), ...addresses, ...out].join(' · '),
    spoken: [`interface ${name}`, kind, stateText(one), addresses.join(', ') || 'no address', ...out].join(', '),
    icon: up ? (carrier ? 'circle-filled' : 'circle-large-outline') : 'circle-slash',
    color: up && carrier ? 'charts.green' : undefined,
    subject: { kind: up ? 'interfaceUp' : 'interfaceDown', network: network.inode, name },
    tooltip: () =>
      [
        `**${code(name)}**`,
        facts([
          ['state', stateText(one)],
          ['kind', code(kindText(one))],
          ['addresses', addresses.length > 0 ? code(addresses.join(' ')) : undefined],
          ['MAC', one.mac && code(one.mac)],
          ['MTU', `${one.mtu}`],
        ]),
      ].join('\n\n'),
  });
}

function tooltipOf(name: string, inode: number, path: string): string {
  return [
    `**Network namespace** ${code(name)}`,
    facts([
      ['inode', `${inode}`],
      ['path', code(path)],
    ]),
  ].join('\n\n');
}
