import * as vscode from 'vscode';
import { handlesOf } from '../../discovery/handles.ts';
import type { WiredNetwork } from '../../model/wiring.ts';
import { inTurn } from '../../network/wiring/in-turn.ts';
import { tryFrom, type ReachSource } from '../../sandbox/reach.ts';
import { reachText, type ReachLine } from '../../text/reach.ts';
import type { App } from '../app.ts';
import { networksNow, type NetworksNow } from '../networks/state.ts';
import { namespaceOf } from '../views/whose.ts';

/** Asks for a port, tries from every network whom it reaches, and shows the matrix. */
export async function testReach(app: App): Promise<void> {
  const given = await vscode.window.showInputBox({
    title: 'Test Reach',
    prompt: 'A TCP port to try too; leave it empty to ping alone',
    validateInput: (text) => (/^\d*$/.test(text) && Number(text) < 65_536 ? undefined : 'Give a port from 1 to 65535.'),
  });
  if (given !== undefined) await showReach(app, { only: undefined, port: Number(given) || undefined });
}

interface Wish {
  /** Names of the networks to try between; all, if undefined. */
  readonly only: readonly string[] | undefined;
  readonly port: number | undefined;
}

/** How many targets a table is made of that can still be read. */
const MOST_TARGETS = 64;

/** Tries between networks, and shows who reaches whom as a document. */
export async function showReach(app: App, { only, port }: Wish): Promise<void> {
  const now = await networksNow(app);
  const chosen = now.wiring.networks.filter(({ name }) => only === undefined || only.includes(name));
  const targets = chosen.flatMap(targetsOf).slice(0, MOST_TARGETS);
  const readable = chosen.filter(
    ({ unread, owner }) => unread === undefined && (only !== undefined || owner.kind !== 'unknown'),
  );
  const helper = process.getuid?.() === 0 ? undefined : await (await app.helper.session()).running();
  const options = { location: vscode.ProgressLocation.Notification, title: 'Trying who reaches whom…' };
  const tryOne = async (network: WiredNetwork): Promise<ReachLine> => {
    const others = targets.filter((target) => target.inode !== network.inode);
    const addresses = others.map(({ address }) => address);
    const row = await tryFrom(sourceOf(network, now), addresses, port, helper);
    const results = 'tried' in row ? new Map(others.map((target, at) => [target, row.tried[at]])) : undefined;
    return {
      from: network.name,
      cells: targets.map((target) =>
        target.inode === network.inode ? undefined : (results?.get(target) ?? { ping: false, port: undefined }),
      ),
      note: 'failed' in row ? row.failed : row.noPing,
    };
  };
  const lines = await vscode.window.withProgress(options, () => inTurn(readable, AT_ONCE, tryOne));
  await app.documents.show('Reach.txt', reachText({ at: Date.now(), port, targets, lines }));
}

/** More processes at once would hold each other up until their second is over. */
const AT_ONCE = 8;

/** The addresses by which others may reach a network: not those of its loopback, nor those of one link alone. */
function targetsOf({ inode, name, interfaces }: WiredNetwork) {
  return interfaces
    .filter(({ kind, up }) => kind !== 'loopback' && up)
    .flatMap(({ addresses }) => addresses)
    .filter((address) => !address.startsWith('fe80:'))
    .map((address) => ({ inode, network: name, address: address.replace(/\/\d+$/, '') }));
}

function sourceOf(network: WiredNetwork, { places, observation }: NetworksNow): ReachSource {
  const { inode } = network;
  const namespace = namespaceOf('net', inode, observation);
  return {
    network,
    path: (namespace && handlesOf(namespace)[0]) ?? '',
    at: places.find((place) => place.inode === inode)?.at,
  };
}
