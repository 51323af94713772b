import * as vscode from 'vscode';
import type { WiredNetwork, Wiring } from '../../model/wiring.ts';
import { ID } from '../../protocol/helper.ts';
import type { NetworkPlace } from '../../sandbox/network-changes.ts';
import type { App } from '../app.ts';
import { namedNetworks } from '../views/network-rows.ts';
import type { Observation } from '../views/observation.ts';
import { byPid } from '../views/process-rows.ts';

/** A network that the user may change, with what is known of it. */
export interface KnownPlace extends NetworkPlace {
  readonly inode: number | undefined;
  /** Undefined where it could not be read. */
  readonly network: WiredNetwork | undefined;
}

/** The networks as they are now. */
export interface NetworksNow {
  readonly observation: Observation;
  readonly wiring: Wiring;
  readonly places: readonly KnownPlace[];
  /** The names in /run/netns. */
  readonly names: readonly string[];
}

/** Looks anew, as root where the helper runs already; it is not started for this. */
export async function networksNow({ live, helper }: App): Promise<NetworksNow> {
  const observation = await live.observe();
  const sandboxes = observation.sandboxes.map(({ sandbox }) => sandbox);
  const { lookAtNetworks, lookAtNetworksAsRoot } = await import('../../sandbox/look-at-networks.ts');
  const root = process.getuid?.() === 0 ? undefined : await (await helper.session()).running();
  const wiring = root
    ? (await lookAtNetworksAsRoot(root, sandboxes)).wiring
    : await lookAtNetworks(observation.snapshot, sandboxes);
  return {
    observation,
    wiring,
    places: placesOf(observation, wiring),
    names: namedNetworks(observation).map(({ name }) => name),
  };
}

export function placesOf(observation: Observation, wiring: Wiring | undefined): readonly KnownPlace[] {
  const processes = byPid(observation.snapshot.processes);
  const known = (inode: number | undefined) => ({
    inode,
    network: wiring?.networks.find((network) => network.inode === inode && network.unread === undefined),
  });
  const named = namedNetworks(observation)
    // Others can be made by hand, and the helper takes no such name.
    .filter(({ name }) => ID.test(name))
    .map(({ name, inode }) => ({ name, at: { netns: name }, ...known(inode) }));
  const sandboxes = observation.sandboxes
    .filter(({ sandbox }) => sandbox.network.mode !== 'host')
    .map(({ sandbox: { id, pid, startTime } }) => ({
      name: id,
      at: { pid, startTime },
      ...known(processes.get(pid)?.namespaces.net),
    }));
  return [...named, ...sandboxes];
}

/** Asks for one of the places; says so where there is none. */
export async function pickPlace(
  places: readonly KnownPlace[],
  title: string,
  placeHolder: string,
): Promise<KnownPlace | undefined> {
  if (places.length === 0) {
    const add = 'Add Network Namespace…';
    const chosen = await vscode.window.showInformationMessage('There is no network namespace and no sandbox yet.', add);
    if (chosen === add) await vscode.commands.executeCommand('namespaceSandboxes.addNetwork');
    return undefined;
  }
  const items = places.map((place) => ({
    label: place.name,
    description: 'netns' in place.at ? 'ip netns' : 'sandbox',
    iconPath: new vscode.ThemeIcon('netns' in place.at ? 'symbol-namespace' : 'vm-running'),
    place,
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.place;
}

/** Asks for an interface of a place; where they cannot be read, for a name. */
export async function pickInterface({ network, name }: KnownPlace, title: string): Promise<string | undefined> {
  if (!network) return vscode.window.showInputBox({ title, prompt: `Interface of ${name}`, value: 'lo' });
  const items = network.interfaces.map((one) => ({
    label: one.name,
    description: [one.kind, one.up ? 'up' : 'down', ...one.addresses].join(' · '),
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: `Interface of ${name}` }))?.label;
}
