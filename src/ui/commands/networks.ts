import * as vscode from 'vscode';
import {
  applyAll,
  commandsOf,
  exampleChanges,
  type LinkSide,
  type NetworkChange,
} from '../../sandbox/network-changes.ts';
import type { App } from '../app.ts';
import { networksNow, pickInterface, pickPlace, type KnownPlace, type NetworksNow } from '../networks/state.ts';
import {
  faultOfAddress,
  faultOfLinkName,
  faultOfNetworkName,
  freeAddress,
  freeLinkName,
  nextAddress,
  type Fault,
} from '../networks/validate.ts';
import type { Target } from './table.ts';

/** Makes a network namespace with a name, as `ip netns add` does. */
export async function addNetwork(app: App): Promise<void> {
  const { names } = await networksNow(app);
  const name = await ask('Add Network Namespace', 'Name, as ip netns list shows it', firstFree('n', names), (text) =>
    faultOfNetworkName(text, names),
  );
  if (name !== undefined) await change(app, `Add the network namespace ${name}?`, 'Add', [{ do: 'add', name }]);
}

/** Deletes one; what runs in it keeps its network until it ends. */
export async function deleteNetwork(app: App, target: Target | undefined): Promise<void> {
  const now = await networksNow(app);
  const title = 'Delete Network Namespace';
  const named = now.places.filter(({ at }) => 'netns' in at);
  const place = placeOf(target, now) ?? (await pickPlace(named, title, 'Network namespace to delete'));
  if (!place || !('netns' in place.at)) return;
  const { netns: name } = place.at;
  await change(app, `Delete the network namespace ${name}?`, 'Delete', [{ do: 'delete', name }]);
}

/** Joins any two networks by a veth pair, with an address at each end if one is given. */
export async function linkNetworks(app: App, target: Target | undefined): Promise<void> {
  const now = await networksNow(app);
  const title = 'Link Networks';
  const first = placeOf(target, now) ?? (await pickPlace(now.places, title, 'One network of the link'));
  const one = first && (await askSide(title, first, undefined, freeAddress(now.wiring.networks)));
  if (!one) return;
  const rest = now.places.filter(({ name }) => name !== first.name);
  const second = await pickPlace(rest, title, `The network to join with ${first.name}`);
  const other = second && (await askSide(title, second, one.address, nextAddress(one.address ?? '')));
  if (!other) return;
  await change(app, `Link ${one.place.name} with ${other.place.name}?`, 'Link', [{ do: 'link', ends: [one, other] }]);
}

/** Gives an interface one more address. */
export async function setAddress(app: App, target: Target | undefined): Promise<void> {
  const title = 'Set Address';
  const chosen = await interfaceOf(app, target, title);
  if (!chosen) return;
  const { place, name } = chosen;
  const address = await ask(title, `Address of ${name} in ${place.name}`, '', (text) =>
    faultOfAddress(text, place.network, name, undefined),
  );
  if (address === undefined) return;
  const what = `Add the address ${address} to ${name} of ${place.name}?`;
  await change(app, what, 'Set Address', [{ do: 'address', place, name, address }]);
}

/** Sets an interface up, or down. */
export async function setInterface(app: App, target: Target | undefined, up: boolean): Promise<void> {
  const word = up ? 'Up' : 'Down';
  const chosen = await interfaceOf(app, target, `Set Interface ${word}`);
  if (!chosen) return;
  const { place, name } = chosen;
  const what = `Set ${name} of ${place.name} ${word.toLowerCase()}?`;
  await change(app, what, `Set ${word}`, [{ do: 'set', place, name, up }]);
}

/** Two networks with a link between them, and whether one reaches the other. */
export async function networksExample(app: App): Promise<void> {
  const { names } = await networksNow(app);
  const taken = ['n1', 'n2'].filter((name) => names.includes(name));
  if (taken.length > 0) {
    const text = `There is a network namespace ${taken.join(' and ')} already. Delete it first, or use Add and Link.`;
    void vscode.window.showWarningMessage(text);
    return;
  }
  const what = 'Make two network namespaces, n1 and n2, with a link between them?';
  const ping = 'ip netns exec n1 ping -c 1 10.0.0.2';
  if (!(await change(app, what, 'Make Them', exampleChanges(), [ping]))) return;
  const { showReach } = await import('./reach.ts');
  await showReach(app, { only: ['n1', 'n2'], port: undefined });
}

/**
 * Shows the commands that are about to be run, and has the helper do what they do.
 * @returns whether it was done.
 */
async function change(
  app: App,
  question: string,
  button: string,
  changes: readonly NetworkChange[],
  more: readonly string[] = [],
): Promise<boolean> {
  const commands = [...changes.flatMap(commandsOf), ...more];
  if (!(await agreesTo(app, question, button, commands))) return false;
  await applyAll(changes, await (await app.helper.session()).helper('network'));
  await app.live.observe();
  return true;
}

/** Shows what will be run before it is, and notes it in the log; any of it can be copied instead. */
export async function agreesTo(
  { log }: App,
  question: string,
  button: string,
  commands: readonly string[],
): Promise<boolean> {
  const run = { label: `$(play) ${button}`, description: 'as root' };
  const copy = { label: '$(copy) Copy Commands', description: 'to run them by hand' };
  const separator = { label: 'what is run', kind: vscode.QuickPickItemKind.Separator };
  const lines = commands.map((command) => ({ label: command }));
  const picked = await vscode.window.showQuickPick<vscode.QuickPickItem>([run, copy, separator, ...lines], {
    title: question,
    placeHolder: 'These commands make the change; one that is picked is copied',
    ignoreFocusOut: true,
  });
  if (picked && picked !== run)
    await vscode.env.clipboard.writeText(picked === copy ? commands.join('\n') : picked.label);
  if (picked === run) for (const command of commands) log.info(command);
  return picked === run;
}

async function askSide(
  title: string,
  place: KnownPlace,
  peer: string | undefined,
  suggestion: string,
): Promise<LinkSide | undefined> {
  const name = await ask(title, `Name of the interface in ${place.name}`, freeLinkName(place.network), (text) =>
    faultOfLinkName(text, place.network),
  );
  if (name === undefined) return undefined;
  const address = await ask(
    title,
    `Address of ${name} in ${place.name}; leave it empty for none`,
    suggestion,
    (text) => (text === '' ? undefined : faultOfAddress(text, place.network, name, peer)),
  );
  return address === undefined ? undefined : { place, name, address: address || undefined };
}

interface ChosenInterface {
  readonly place: KnownPlace;
  readonly name: string;
}

async function interfaceOf(app: App, target: Target | undefined, title: string): Promise<ChosenInterface | undefined> {
  const now = await networksNow(app);
  const place = placeOf(target, now) ?? (await pickPlace(now.places, title, 'Network of the interface'));
  if (!place) return undefined;
  const isInterface = target?.kind === 'interfaceUp' || target?.kind === 'interfaceDown';
  const name = isInterface ? target.name : await pickInterface(place, title);
  return name === undefined ? undefined : { place, name };
}

/** The network that a command was called upon. */
export function placeOf(target: Target | undefined, { places }: NetworksNow): KnownPlace | undefined {
  switch (target?.kind) {
    case 'namedNetwork':
    case 'named':
      return places.find(({ name }) => name === target.name);
    case 'sandbox':
      return places.find(({ name }) => name === target.sandbox.id);
    case 'interfaceUp':
    case 'interfaceDown':
      return places.find(({ inode }) => inode === target.network);
    default:
      return undefined;
  }
}

/** Asks for a line; undefined where none is given. */
export async function ask(
  title: string,
  prompt: string,
  value: string,
  faultOf: (text: string) => Fault,
): Promise<string | undefined> {
  const given = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    ignoreFocusOut: true,
    validateInput: (text) => faultOf(text.trim()),
  });
  return given?.trim();
}

function firstFree(begin: string, taken: readonly string[]): string {
  let number = 1;
  while (taken.includes(`${begin}${number}`)) number += 1;
  return `${begin}${number}`;
}
