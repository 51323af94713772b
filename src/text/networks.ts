import type { Interface, WiredNetwork } from '../model/wiring.ts';

/** In words, how an interface is: `up`, `up, no carrier`, `down`. */
export function stateText({ up, carrier }: Interface): string {
  if (!up) return 'down';
  return carrier ? 'up' : 'up, no carrier';
}

/** What kind of interface it is, with what tells it apart: `vlan id 7`. */
export function kindText({ kind, detail }: Interface): string {
  return detail === undefined ? kind : `${kind} ${detail}`;
}

/** Whose a network is, beside its name. */
export function ownerText({ owner }: Pick<WiredNetwork, 'owner'>): string {
  switch (owner.kind) {
    case 'yours':
      return 'where you are';
    case 'sandbox':
      return 'sandbox';
    case 'named':
      return 'ip netns';
    case 'container':
      return owner.container.kind === 'systemd' ? 'unit' : owner.container.kind;
    case 'process':
      return 'process';
    case 'unknown':
      return 'no process';
  }
}
