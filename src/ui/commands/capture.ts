import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { handlesOf } from '../../discovery/handles.ts';
import { findProgram } from '../../host/programs.ts';
import type { WiredNetwork } from '../../model/wiring.ts';
import { captureCommand } from '../../sandbox/capture.ts';
import type { App } from '../app.ts';
import { networksNow, pickPlace } from '../networks/state.ts';
import { commandTerminal } from '../terminal/sandbox-terminals.ts';
import { terminalsAllowed } from '../terminal/restricted.ts';
import { namespaceOf } from '../views/whose.ts';
import type { Target } from './table.ts';

/** Asks for a network where none is given, and captures from it. */
export async function captureFrom(app: App, target: Target | undefined): Promise<void> {
  const { places, wiring } = await networksNow(app);
  const isInterface = target?.kind === 'interfaceUp' || target?.kind === 'interfaceDown';
  const named = target?.kind === 'namedNetwork' ? target.inode : undefined;
  const inode = isInterface
    ? target.network
    : (named ?? (await pickPlace(places, 'Capture', 'Network to capture from'))?.inode);
  const network = wiring.networks.find((one) => one.inode === inode);
  if (network) await capture(app, network, isInterface ? target.name : undefined);
}

/** Captures packets of one interface of a network in a terminal, into a file or into Wireshark, until that is interrupted. */
export async function capture(app: App, network: WiredNetwork, given: string | undefined): Promise<void> {
  if (!(await terminalsAllowed())) return;
  const link = given ?? (await pickLink(network));
  const into = link && (await pickTarget(link));
  if (!into) return;
  const namespace = namespaceOf('net', network.inode, await app.live.observe());
  const [path] = namespace ? handlesOf(namespace) : [];
  const command = captureCommand({ network, path, link, into });
  const asks = command.asRoot && process.getuid?.() !== 0;
  if (asks && !(await app.helper.person.agrees('terminal'))) return;
  const options = commandTerminal(`capture ${link}`, command.command);
  vscode.window.createTerminal({ ...options, iconPath: new vscode.ThemeIcon('record') }).show();
}

async function pickLink({ interfaces, name }: WiredNetwork): Promise<string | undefined> {
  const links = interfaces.map((one) => ({ label: one.name, description: [one.kind, ...one.addresses].join(' · ') }));
  const all = { label: 'any', description: 'all interfaces' };
  const picked = await vscode.window.showQuickPick([...links, all], {
    title: 'Capture',
    placeHolder: `Interface of ${name} to capture from`,
  });
  return picked?.label;
}

async function pickTarget(link: string): Promise<string | undefined> {
  const toFile = { label: 'Into a File…', detail: 'pcap, as tcpdump and Wireshark read it' };
  const live = { label: 'Into Wireshark', detail: 'live' };
  const ways = findProgram('wireshark') === undefined ? [toFile] : [toFile, live];
  const way = ways.length === 1 ? toFile : await vscode.window.showQuickPick(ways, { placeHolder: 'Where to' });
  if (way !== toFile) return way && 'wireshark';
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const name = `${link.replace(/[^\w.-]/g, '_')}.pcap`;
  const target = await vscode.window.showSaveDialog({
    title: 'Capture into',
    saveLabel: 'Capture',
    defaultUri: vscode.Uri.file(join(folder?.uri.fsPath ?? homedir(), name)),
    filters: { 'Packet capture': ['pcap'] },
  });
  return target?.fsPath;
}
