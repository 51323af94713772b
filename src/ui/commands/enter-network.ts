import * as vscode from 'vscode';
import { enterNamedNetworkCommand } from '../../sandbox/enter.ts';
import type { App } from '../app.ts';
import { networksNow, pickPlace } from '../networks/state.ts';
import { commandTerminal } from '../terminal/sandbox-terminals.ts';
import { terminalsAllowed } from '../terminal/restricted.ts';
import type { Target } from './table.ts';

/** Opens a terminal of this machine in a named network, as root, who alone may enter it; of a sandbox, one in the sandbox. */
export async function openTerminalInNetwork(app: App, target: Target | undefined): Promise<void> {
  if (!(await terminalsAllowed())) return;
  const name = target?.kind === 'namedNetwork' || target?.kind === 'named' ? target.name : undefined;
  const { places, observation } = await networksNow(app);
  const place =
    places.find((one) => one.name === name) ??
    (await pickPlace(places, 'Open Terminal Inside', 'Network to open a terminal in'));
  if (!place) return;
  const sandbox = observation.sandboxes.find((one) => one.sandbox.id === place.name && !('netns' in place.at));
  if (sandbox) await app.terminals.open(sandbox.sandbox);
  else if (await isAllowed(app)) openAsRoot(place.name);
}

async function isAllowed({ helper }: App): Promise<boolean> {
  return process.getuid?.() === 0 || helper.person.agrees('terminal');
}

function openAsRoot(name: string): void {
  const options = commandTerminal(`${name} (net) as root`, enterNamedNetworkCommand(name));
  vscode.window.createTerminal({ ...options, iconPath: new vscode.ThemeIcon('symbol-namespace') }).show();
}
