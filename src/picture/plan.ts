import type { Cable, CableEnd, Interface, WiredNetwork, Wiring } from '../model/wiring.ts';
import { kindText, ownerText, stateText } from '../text/networks.ts';

/** What is drawn, before it has a place: boxes with pins, and lines between pins. All texts are safe to show. */
export interface Plan {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

export interface Box {
  readonly id: string;
  /** Of the network; undefined for the end of a cable that cannot be seen. */
  readonly inode: number | undefined;
  readonly title: string;
  readonly subtitle: string;
  readonly look: 'yours' | 'sandbox' | 'named' | 'other' | 'unseen';
  readonly pins: readonly Pin[];
  /** What a screen reader says. */
  readonly spoken: string;
}

export interface Pin {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly state: 'up' | 'waiting' | 'down';
  readonly addresses: readonly string[];
}

export interface Line {
  readonly id: string;
  readonly kind: Cable['kind'];
  readonly from: string;
  readonly to: string;
}

/** Which networks to draw. */
export interface Choice {
  /** Text that a name, an interface or an address holds; empty for all. */
  readonly filter: string;
  /** Whether networks without any cable are left out. */
  readonly linkedOnly: boolean;
}

/**
 * Text of somebody else as it may be shown: characters that are not seen, or turn the direction of others, are replaced
 * (they are no XML either), and it is cut where it is longer than `most` characters.
 */
export function shown(text: string, most = 200): string {
  const plain = Array.from(text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu, '\ufffd'));
  return plain.length > most ? `${plain.slice(0, most - 1).join('')}…` : plain.join('');
}

/** The plan of a wiring. A filter leaves the networks that match it, and those at the other ends of their cables. */
export function planOf(wiring: Wiring, choice: Choice): Plan {
  const chosen = chosenNetworks(wiring, choice);
  const between = wiring.cables.filter(
    ({ from, to }) => chosen.has(from.network) && (to === undefined || chosen.has(to.network)),
  );
  const ports = plainPorts(wiring, between);
  const cables = withoutPorts(between, ports);
  const used = new Set(cables.flatMap(({ from, to }) => [from, ...(to ? [to] : [])]).map(pinId));
  const networks = wiring.networks.filter(({ inode }) => chosen.has(inode));
  return {
    boxes: [...networks.map((network) => boxOf(network, used, ports)), ...cables.filter(isUnseen).map(unseenBox)],
    lines: cables.map(lineOf),
  };
}

/** From how many ports on a bridge is drawn without them: each line leads to the bridge itself. */
const MANY_PORTS = 9;

/** The bridge of each port that need not be drawn: its bridge has many, it has one end elsewhere, and no address. */
function plainPorts({ networks }: Wiring, cables: readonly Cable[]): ReadonlyMap<string, CableEnd> {
  const faces = new Map(
    networks.flatMap(({ inode, interfaces }) =>
      interfaces.map((one) => [pinId({ network: inode, index: one.index }), one] as const),
    ),
  );
  const wired = new Set(
    cables
      .filter(({ kind }) => kind === 'veth')
      .flatMap(({ from, to }) => [from, ...(to ? [to] : [])])
      .map(pinId),
  );
  const upon = new Set(cables.flatMap(({ kind, to }) => (kind === 'upon' && to ? [pinId(to)] : [])));
  const ports = cables.flatMap(({ kind, from, to }) =>
    kind === 'port' && to ? [{ port: pinId(from), bridge: to }] : [],
  );
  const counts = new Map<string, number>();
  for (const { bridge } of ports) counts.set(pinId(bridge), (counts.get(pinId(bridge)) ?? 0) + 1);
  const plain = ports.filter(({ port, bridge }) => {
    const addresses = faces.get(port)?.addresses.filter((address) => !address.startsWith('fe80:')) ?? [];
    return (
      (counts.get(pinId(bridge)) ?? 0) >= MANY_PORTS && wired.has(port) && !upon.has(port) && addresses.length === 0
    );
  });
  return new Map(plain.map(({ port, bridge }) => [port, bridge]));
}

/** Cables of such ports lead to their bridge, under the name that they had. */
function withoutPorts(
  cables: readonly Cable[],
  ports: ReadonlyMap<string, CableEnd>,
): readonly (Cable & { readonly id?: string })[] {
  const bridgeOf = (end: CableEnd): CableEnd => ports.get(pinId(end)) ?? end;
  return cables
    .filter(({ kind, from }) => kind !== 'port' || !ports.has(pinId(from)))
    .map((cable) => ({
      ...cable,
      id: lineId(cable),
      from: bridgeOf(cable.from),
      to: cable.to && bridgeOf(cable.to),
    }));
}

function chosenNetworks({ networks, cables }: Wiring, { filter, linkedOnly }: Choice): ReadonlySet<number> {
  const between = cables.flatMap(({ from, to }) =>
    to && to.network !== from.network ? [[from.network, to.network] as const] : [],
  );
  const linked = new Set([...between.flat(), ...cables.filter(isUnseen).map(({ from }) => from.network)]);
  const wanted = filter.trim().toLowerCase();
  const matching = new Set(networks.filter((network) => matches(network, wanted)).map(({ inode }) => inode));
  const neighbours = wanted === '' ? [] : between.filter((pair) => pair.some((inode) => matching.has(inode))).flat();
  return new Set([...matching, ...neighbours].filter((inode) => !linkedOnly || linked.has(inode)));
}

function matches({ name, interfaces }: WiredNetwork, wanted: string): boolean {
  const texts = [name, ...interfaces.flatMap((one) => [one.name, one.kind, ...one.addresses])];
  return wanted === '' || texts.some((text) => text.toLowerCase().includes(wanted));
}

const isUnseen = ({ to }: Cable): boolean => to === undefined;

const LOOKS: Readonly<Partial<Record<WiredNetwork['owner']['kind'], Box['look']>>> = {
  yours: 'yours',
  sandbox: 'sandbox',
  named: 'named',
};

const MOST_NAME = 28;

function boxOf(network: WiredNetwork, used: ReadonlySet<string>, ports: ReadonlyMap<string, CableEnd>): Box {
  const { inode, name, owner, interfaces, unread } = network;
  const drawn = interfaces.filter(({ index }) => !ports.has(pinId({ network: inode, index })));
  const pins = drawn.filter((one) => isDrawn(one, used.has(pinId({ network: inode, index: one.index })), drawn));
  return {
    id: `n${inode}`,
    inode,
    title: shown(name, MOST_NAME),
    subtitle: unread === undefined ? shown(ownerText({ owner }), MOST_NAME) : shown(unread, MOST_NAME + 8),
    look: LOOKS[owner.kind] ?? 'other',
    pins: pins.map((one) => pinOf(inode, one)),
    spoken: shown(spokenOf(network)),
  };
}

/** The loopback is in every network, and says something where it is all that there is. */
function isDrawn({ kind }: Interface, used: boolean, all: readonly Interface[]): boolean {
  return kind !== 'loopback' || used || all.length === 1;
}

/** What is left out is in the table. */
const MOST_ADDRESSES = 2;

function pinOf(network: number, one: Interface): Pin {
  const { index, name, up, carrier, addresses } = one;
  const told = addresses.filter((address) => !address.startsWith('fe80:'));
  const more = told.length > MOST_ADDRESSES ? [`and ${told.length - MOST_ADDRESSES} more`] : [];
  return {
    id: pinId({ network, index }),
    name: shown(name, 15),
    kind: shown(kindText(one), MOST_NAME),
    state: !up ? 'down' : carrier ? 'up' : 'waiting',
    addresses: [...told.slice(0, MOST_ADDRESSES), ...more],
  };
}

function spokenOf({ name, owner, interfaces, unread }: WiredNetwork): string {
  const faces = interfaces.map((one) => `${one.name} ${stateText(one)}`).join(', ');
  return `${name}, ${ownerText({ owner })}, ${unread ?? faces}`;
}

/** The box of each pin, and of each box itself, by their ids. */
export function ownersOf(boxes: readonly Box[]): ReadonlyMap<string, string> {
  return new Map(boxes.flatMap(({ id, pins }) => [[id, id], ...pins.map((pin) => [pin.id, id] as const)] as const));
}

function unseenBox(cable: Cable & { readonly id?: string }): Box {
  const spoken = 'the other end, in a network that you may not see';
  return {
    id: unseenId(cable.id ?? lineId(cable)),
    inode: undefined,
    title: 'not visible to you',
    subtitle: '',
    look: 'unseen',
    pins: [],
    spoken,
  };
}

function lineOf(cable: Cable & { readonly id?: string }): Line {
  const { kind, from, to, id = lineId(cable) } = cable;
  return { id, kind, from: pinId(from), to: to ? pinId(to) : unseenId(id) };
}

function lineId({ kind, from }: Cable): string {
  return `${kind}-${pinId(from)}`;
}

function unseenId(line: string): string {
  return `u-${line}`;
}

function pinId({ network, index }: CableEnd): string {
  return `n${network}i${index}`;
}
