import type { Helper } from '../elevation/start-helper.ts';
import type { NetworkTarget } from '../protocol/helper.ts';
import { shellWords } from './script/quote.ts';

/** A network that can be changed: a named one, or that of a sandbox. */
export interface NetworkPlace {
  /** As people call it. */
  readonly name: string;
  readonly at: NetworkTarget;
}

export interface LinkSide {
  readonly place: NetworkPlace;
  /** Of the interface. */
  readonly name: string;
  readonly address: string | undefined;
}

/** One change of a named network or a link. */
export type NetworkChange =
  | { readonly do: 'add'; readonly name: string }
  | { readonly do: 'delete'; readonly name: string }
  | { readonly do: 'link'; readonly ends: readonly [LinkSide, LinkSide] }
  | { readonly do: 'address'; readonly place: NetworkPlace; readonly name: string; readonly address: string }
  | { readonly do: 'set'; readonly place: NetworkPlace; readonly name: string; readonly up: boolean };

/** The commands of ip(8) by which root does the same by hand, one a line. */
export function commandsOf(change: NetworkChange): readonly string[] {
  switch (change.do) {
    case 'add':
      return [
        shellWords(['ip', 'netns', 'add', change.name]),
        shellWords(['ip', '-n', change.name, 'link', 'set', 'lo', 'up']),
      ];
    case 'delete':
      return [shellWords(['ip', 'netns', 'delete', change.name])];
    case 'link':
      return linkCommands(change.ends);
    case 'address':
      return [inside(change.place, ['address', 'add', change.address, 'dev', change.name])];
    case 'set':
      return [inside(change.place, ['link', 'set', 'dev', change.name, change.up ? 'up' : 'down'])];
  }
}

function linkCommands([one, other]: readonly [LinkSide, LinkSide]): readonly string[] {
  const peer = ['type', 'veth', 'peer', 'name', other.name, 'netns', netnsWord(other.place)];
  const up = ({ place, name, address }: LinkSide): readonly string[] => [
    ...(address === undefined ? [] : [inside(place, ['address', 'add', address, 'dev', name])]),
    inside(place, ['link', 'set', 'dev', name, 'up']),
  ];
  return [
    shellWords(['ip', 'link', 'add', 'name', one.name, 'netns', netnsWord(one.place), ...peer]),
    ...up(one),
    ...up(other),
  ];
}

/** What ip-link(8) takes after `netns`: a name or the number of a process. */
export function netnsWord({ at }: NetworkPlace): string {
  return 'netns' in at ? at.netns : String(at.pid);
}

/** A command of ip(8) in a network. */
export function inside({ at }: NetworkPlace, words: readonly string[]): string {
  return 'netns' in at
    ? shellWords(['ip', '-n', at.netns, ...words])
    : shellWords(['nsenter', `--net=/proc/${at.pid}/ns/net`, 'ip', ...words]);
}

/**
 * Has the helper make a change. A network that was added has its loopback up, as those of sandboxes have.
 * @throws ProblemError `helperRefused` with the reason; nothing is half made then.
 */
export async function applyChange(change: NetworkChange, helper: Helper): Promise<void> {
  switch (change.do) {
    case 'add':
      await helper.request('netns/add', { name: change.name });
      await helper.request('links/set', { at: { netns: change.name }, name: 'lo', up: true });
      return;
    case 'delete':
      await helper.request('netns/delete', { name: change.name });
      return;
    case 'link': {
      const [one, other] = change.ends;
      await helper.request('links/add', { ends: [linkEnd(one), linkEnd(other)] });
      return;
    }
    case 'address':
      await helper.request('links/set', { at: change.place.at, name: change.name, address: change.address });
      return;
    case 'set':
      await helper.request('links/set', { at: change.place.at, name: change.name, up: change.up });
      return;
  }
}

function linkEnd({ place, name, address }: LinkSide) {
  return { at: place.at, name, ...(address === undefined ? {} : { address }) };
}

/** The example of two networks that reach each other. */
export function exampleChanges(): readonly NetworkChange[] {
  const side = (network: string, name: string, address: string): LinkSide => ({
    place: { name: network, at: { netns: network } },
    name,
    address,
  });
  return [
    { do: 'add', name: 'n1' },
    { do: 'add', name: 'n2' },
    { do: 'link', ends: [side('n1', 'veth0', '10.0.0.1/24'), side('n2', 'veth1', '10.0.0.2/24')] },
  ];
}

/** Makes changes in turn; where one is refused, the networks that were added before are deleted again. */
export async function applyAll(changes: readonly NetworkChange[], helper: Helper): Promise<void> {
  const added: string[] = [];
  try {
    for (const change of changes) {
      await applyChange(change, helper);
      if (change.do === 'add') added.push(change.name);
    }
  } catch (error) {
    for (const name of added) await helper.request('netns/delete', { name });
    throw error;
  }
}
