import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import { parseUplinkSubnet } from '../../model/uplink.ts';
import type { UplinkState } from '../../protocol/helper.ts';
import { connectCommands, disconnectCommands, planUplink, readHostRoutes } from '../../sandbox/uplink-plan.ts';
import type { App } from '../app.ts';
import { networksNow, pickPlace, type KnownPlace } from '../networks/state.ts';
import { faultOfLinkName, faultOfUplinkSubnet, freeLinkName, freeUplinkSubnet } from '../networks/validate.ts';
import { agreesTo, ask, placeOf } from './networks.ts';
import type { Target } from './table.ts';

/** Lets a network out through the host's own, under the host's address. */
export async function connectNetwork(app: App, target: Target | undefined): Promise<void> {
  const title = 'Connect Network to the Host';
  const now = await networksNow(app);
  const place = placeOf(target, now) ?? (await pickPlace(now.places, title, 'Network that gets a way out'));
  if (!place) return;
  const routes = await readHostRoutes();
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
  const commands = connectCommands(planUplink(routes, { place, name, subnet }));
  if (!(await agreesTo(app, `Let ${place.name} out through the host?`, 'Connect', commands))) return;
  const helper = await (await app.helper.session()).helper('network');
  const { dropped } = await helper.request('uplinks/add', { at: place.at, name, subnet: text });
  await app.live.observe();
  if (dropped) void vscode.window.showWarningMessage(`${place.name} is connected. ${DROPPED}`);
}

const DROPPED =
  'But a firewall of this host drops what is forwarded unless a rule lets it pass: it may need one for that subnet.';

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
  const others = uplinks.filter((one) => one !== uplink);
  const commands = disconnectCommands(uplink, others);
  if (!(await agreesTo(app, `Close the way out of ${place.name}?`, 'Disconnect', commands))) return;
  await helper.request('uplinks/delete', { at: place.at });
  await app.live.observe();
}
