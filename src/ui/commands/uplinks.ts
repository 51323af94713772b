import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { isUplinkLink, parseUplinkSubnet } from '../../model/uplink.ts';
import type { UplinkState } from '../../protocol/helper.ts';
import {
  connectCommands,
  disconnectCommands,
  planUplink,
  readHostRoutes,
  requireWayOut,
} from '../../sandbox/uplink-plan.ts';
import type { App } from '../app.ts';
import { networksNow, pickPlace, type KnownPlace, type NetworksNow } from '../networks/state.ts';
import { faultOfLinkName, faultOfUplinkSubnet, freeLinkName, freeUplinkSubnet } from '../networks/validate.ts';
import { uplinkOf } from '../views/network-rows.ts';
import { agreesTo, ask, placeOf } from './networks.ts';
import type { Target } from './table.ts';

/** Lets a network out through the host's own, under the host's address. */
export async function connectNetwork(app: App, target: Target | undefined): Promise<void> {
  const title = 'Connect Network to the Host';
  const routes = await readHostRoutes();
  requireWayOut(routes);
  const now = await networksNow(app);
  const chosen = placeOf(target, now);
  const apart = now.places.filter((one) => !isConnected(one, now));
  if (chosen ? !apart.includes(chosen) : apart.length === 0 && now.places.length > 0) {
    void vscode.window.showInformationMessage(`${chosen?.name ?? 'Every network'} is connected already. ${AGAIN}`);
    return;
  }
  const place = chosen ?? (await pickPlace(apart, title, 'Network that gets a way out'));
  if (!place) return;
  const known = now.wiring.networks.flatMap(({ interfaces }) => interfaces.flatMap(({ addresses }) => addresses));
  const text = await ask(
    title,
    `Private subnet between ${place.name} and the host`,
    freeUplinkSubnet(routes.taken, known),
    (given) => faultOfUplinkSubnet(given, routes.taken),
  );
  const subnet = parseUplinkSubnet(text ?? '');
  if (subnet === undefined || text === undefined) return;
  const name = await ask(title, `Name of the interface in ${place.name}`, freeLinkName(place.network), (given) =>
    faultOfLinkName(given, place.network),
  );
  if (name === undefined) return;
  const commands = connectCommands(planUplink(routes, await sharedForwarding(app), { place, name, subnet }));
  if (!(await agreesTo(app, `Let ${place.name} out through the host?`, 'Connect', commands))) return;
  const helper = await (await app.helper.session()).helper('network');
  const { dropped } = await helper.request('uplinks/add', { at: place.at, name, subnet: text });
  await app.live.observe();
  if (dropped) void vscode.window.showWarningMessage(`${place.name} is connected. ${DROPPED}`);
}

const DROPPED =
  'But a firewall of this host drops what is forwarded unless a rule lets it pass: it may need one for that subnet.';

const AGAIN = 'To connect it anew, use Disconnect Network from the Host… first.';

function isConnected({ inode }: KnownPlace, { wiring }: NetworksNow): boolean {
  return inode !== undefined && uplinkOf(wiring, { inode }) !== undefined;
}

/** What forwards because of others alone: the helper's to know, and nothing where there are none. */
async function sharedForwarding(app: App): Promise<readonly string[]> {
  if (!readdirSync('/sys/class/net').some(isUplinkLink)) return [];
  const helper = await (await app.helper.session()).helper('network');
  return (await helper.request('uplinks/list', {})).forwarding;
}

/** Takes the way out of a network away again. */
export async function disconnectNetwork(app: App, target: Target | undefined): Promise<void> {
  const now = await networksNow(app);
  const helper = await (await app.helper.session()).helper('network');
  const { uplinks } = await helper.request('uplinks/list', {});
  const uplinkAt = ({ at }: KnownPlace): UplinkState | undefined =>
    uplinks.find((one) => isDeepStrictEqual(one.at, at));
  const chosen = placeOf(target, now);
  const connected = now.places.filter((one) => uplinkAt(one) !== undefined && (!chosen || one.name === chosen.name));
  if (connected.length === 0) {
    const whose = chosen ? `${chosen.name} has no` : 'No network has a';
    void vscode.window.showInformationMessage(`${whose} way out that Connect Network to the Host has made.`);
    return;
  }
  const place = chosen ?? (await pickPlace(connected, 'Disconnect Network from the Host', 'Network to disconnect'));
  const uplink = place && uplinkAt(place);
  if (!uplink) return;
  const commands = disconnectCommands(uplink);
  if (!(await agreesTo(app, `Close the way out of ${place.name}?`, 'Disconnect', commands))) return;
  await helper.request('uplinks/delete', { at: place.at });
  await app.live.observe();
}
