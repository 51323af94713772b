import type { Cable, CableEnd, Wiring } from '../../model/wiring.ts';
import { kindText, ownerText, stateText } from '../../text/networks.ts';
import { shown } from '../plan.ts';

const HEADS = ['Network', 'Whose', 'Interface', 'Kind', 'State', 'Addresses', 'MAC', 'MTU', 'Connected with'] as const;

/** All that is known, a row for each interface: for screen readers, and for whoever wants to copy it. */
export function tableOf(wiring: Wiring): HTMLTableElement {
  const table = document.createElement('table');
  const caption = table.createCaption();
  caption.textContent = 'Network interfaces, and what they are connected with';
  const head = table.createTHead().insertRow();
  for (const name of HEADS) head.append(cell('th', name, 'col'));
  const body = table.createTBody();
  const others = connections(wiring);
  for (const network of wiring.networks) {
    const { name, interfaces, unread } = network;
    const begin = [name, ownerText(network)];
    if (unread !== undefined) addRow(body, [...begin, unread, '', '', '', '', '', '']);
    for (const one of interfaces) {
      const { index, mac, mtu, addresses } = one;
      const connected = others.get(key({ network: network.inode, index })) ?? [];
      const texts = [
        one.name,
        kindText(one),
        stateText(one),
        addresses.join(', '),
        mac ?? '',
        String(mtu),
        connected.join(', '),
      ];
      addRow(body, [...begin, ...texts]);
    }
  }
  return table;
}

function addRow(body: HTMLTableSectionElement, texts: readonly string[]): void {
  const [first = '', ...rest] = texts;
  const row = body.insertRow();
  row.append(cell('th', first, 'row'), ...rest.map((text) => cell('td', text)));
}

function cell(tag: 'th' | 'td', text: string, scope?: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = shown(text);
  if (scope !== undefined) made.setAttribute('scope', scope);
  return made;
}

const WORDS: Readonly<Record<Cable['kind'], readonly [string, string]>> = {
  veth: ['', ''],
  port: ['port of ', 'its port '],
  upon: ['upon ', 'below '],
};

/** In words, what each interface is connected with, by its end of a cable. */
function connections({ networks, cables }: Wiring): ReadonlyMap<string, readonly string[]> {
  const names = new Map(
    networks.flatMap(({ inode, name, interfaces }) =>
      interfaces.map((one) => [key({ network: inode, index: one.index }), `${one.name} of ${name}`] as const),
    ),
  );
  const found = new Map<string, string[]>();
  const note = (end: CableEnd, text: string): void => void found.set(key(end), [...(found.get(key(end)) ?? []), text]);
  for (const { kind, from, to } of cables) {
    const [forth, back] = WORDS[kind];
    note(from, to ? `${forth}${names.get(key(to)) ?? ''}` : `${forth}something that is not visible to you`);
    if (to) note(to, `${back}${names.get(key(from)) ?? ''}`);
  }
  return found;
}

function key({ network, index }: CableEnd): string {
  return `${network} ${index}`;
}
