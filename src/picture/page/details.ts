import type { WiredNetwork } from '../../model/wiring.ts';
import type { FromPicture } from '../../protocol/wiring.ts';
import { kindText, ownerText, stateText } from '../../text/networks.ts';
import { shown } from '../plan.ts';

/** What is known of the selected network, and what can be done with it. */
export function detailsOf(network: WiredNetwork, send: (message: FromPicture) => void): readonly HTMLElement[] {
  const { inode, name, interfaces, unread, pid } = network;
  const heading = made('h2', name);
  heading.append(made('span', ` ${ownerText(network)} · net:[${inode}]`));
  const buttons = made('div', '');
  buttons.className = 'buttons';
  if (unread === undefined)
    buttons.append(
      button('Open Terminal', () => send({ do: 'terminal', network: inode })),
      button('Capture All…', () => send({ do: 'capture', network: inode, link: 'any' })),
    );
  if (pid !== undefined) buttons.append(button('Compare…', () => send({ do: 'compare', network: inode })));
  const list = made('ul', '');
  list.append(
    ...interfaces.map((one) => {
      const texts = [
        stateText(one),
        kindText(one),
        ...one.addresses,
        ...(one.mac === undefined ? [] : [one.mac]),
        `MTU ${one.mtu}`,
      ];
      const item = made('li', '');
      const capture = button('Capture…', () => send({ do: 'capture', network: inode, link: one.name }));
      capture.setAttribute('aria-label', `Capture from ${shown(one.name)}`);
      item.append(made('b', one.name), ` ${shown(texts.join(' · '))} `, capture);
      return item;
    }),
  );
  return [heading, buttons, unread === undefined ? list : made('p', unread)];
}

function made<Name extends keyof HTMLElementTagNameMap>(name: Name, text: string): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.textContent = shown(text);
  return element;
}

function button(label: string, act: () => void): HTMLButtonElement {
  const element = made('button', label);
  element.addEventListener('click', act);
  return element;
}
