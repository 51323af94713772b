import * as vscode from 'vscode';
import { fail } from '../../model/problem.ts';
import type { WiredNetwork } from '../../model/wiring.ts';
import { enterNamedNetworkCommand } from '../../sandbox/enter.ts';
import type { App } from '../app.ts';
import { networksNow, pickPlace } from '../networks/state.ts';
import { commandTerminal } from '../terminal/sandbox-terminals.ts';
import { terminalsAllowed } from '../terminal/restricted.ts';
import { namespaceOf } from '../views/whose.ts';
import { openTerminalInNamespace } from './enter-namespace.ts';
import type { Target } from './table.ts';

/** Opens a terminal of this machine in a named network, as root, who alone may enter it; of a sandbox, one in the sandbox. */
export async function openTerminalInNetwork(app: App, target: Target | undefined): Promise<void> {
  if (!(await terminalsAllowed())) return;
  const name = target?.kind === 'namedNetwork' || target?.kind === 'named' ? target.name : undefined;
  const { names, places, observation } = await networksNow(app);
  if (name !== undefined && names.includes(name)) {
    await openNamed(app, name);
    return;
  }
  const place =
    places.find((one) => one.name === name) ??
    (await pickPlace(places, 'Open Terminal Inside', 'Network to open a terminal in'));
  if (!place) return;
  const sandbox = observation.sandboxes.find((one) => one.sandbox.id === place.name && !('netns' in place.at));
  if (sandbox) await app.terminals.open(sandbox.sandbox);
  else await openNamed(app, place.name);
}

/** The same for a network of the picture: what has no name is entered through a process in it. */
export async function openTerminalInWired(app: App, { inode, owner, name }: WiredNetwork): Promise<void> {
  if (owner.kind === 'named' || owner.kind === 'sandbox') {
    await openTerminalInNetwork(app, { kind: 'named', name });
    return;
  }
  const namespace = namespaceOf('net', inode, await app.live.observe());
  if (!namespace) return fail('namespaceGone', { type: 'net', inode });
  await openTerminalInNamespace(app, { kind: 'namespace', namespace });
}

async function openNamed({ helper }: App, name: string): Promise<void> {
  if (process.getuid?.() !== 0 && !(await helper.person.agrees('terminal'))) return;
  const options = commandTerminal(`${name} (net) as root`, enterNamedNetworkCommand(name));
  vscode.window.createTerminal({ ...options, iconPath: new vscode.ThemeIcon('symbol-namespace') }).show();
}
