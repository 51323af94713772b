import * as vscode from 'vscode';
import { fail } from '../../model/problem.ts';
import { NAMESPACE_TYPES, type NamespaceType } from '../../model/namespace.ts';
import type { Process } from '../../model/process.ts';
import { installedHelper } from '../../elevation/installed.ts';
import { enterAsRootCommand, enterNamespaceCommand } from '../../sandbox/enter.ts';
import { notPinnedSentence } from '../../text/elevation.ts';
import type { App } from '../app.ts';
import { commandTerminal } from '../terminal/sandbox-terminals.ts';
import { terminalsAllowed } from '../terminal/restricted.ts';
import type { Observation } from '../views/observation.ts';
import { byPid } from '../views/process-rows.ts';
import { foreignTypes, namespaceName } from '../views/whose.ts';
import { count } from '../../text/units.ts';
import type { Target } from './table.ts';

/** Where a terminal is to be opened: the namespaces of one process. */
interface Destination {
  readonly name: string;
  readonly pid: number;
  readonly types: readonly NamespaceType[];
}

/** Opens a plain `nsenter` terminal in namespaces of one process, after asking which; as root where only root may. */
export async function openTerminalInNamespace({ live, helper }: App, target: Target | undefined): Promise<void> {
  if (!(await terminalsAllowed())) return;
  const observation = await live.observe();
  const destination = destinationOf(target) ?? (await pickNamespace(observation));
  if (!destination) return;
  const process = byPid(observation.snapshot.processes).get(destination.pid) ?? fail('processGone', destination);
  const asRoot = onlyRootEnters(process, observation);
  const types = asRoot ? await pickForRoot(destination, observation) : await pickTypes(destination, observation);
  if (!types || types.length === 0) return;
  const name = `${destination.name} (${types.length === NAMESPACE_TYPES.length ? 'all' : types.join(' ')})`;
  if (!asRoot) open(commandTerminal(name, enterNamespaceCommand(destination.pid, types)));
  else if (await helper.person.agrees('terminal')) open(rootTerminal(`${name} as root`, process, types, helper.file));
}

function open(options: vscode.TerminalOptions): void {
  vscode.window.createTerminal({ ...options, iconPath: new vscode.ThemeIcon('symbol-namespace') }).show();
}

/** Not through the helper: a terminal is no business of a process that serves the whole window. */
function rootTerminal(
  name: string,
  { pid, namespaces }: Process,
  types: readonly NamespaceType[],
  helperFile: string,
): vscode.TerminalOptions {
  const destination = { pid, namespaces: types.map((type) => [type, namespaces[type]] as const) };
  const { command, pinned } = enterAsRootCommand(destination, installedHelper(helperFile));
  return { ...commandTerminal(name, command), ...(!pinned && { message: notPinnedSentence(pid) }) };
}

/**
 * A process of another user, or one that shares the user namespace with us, which gives no right over other namespaces
 * (setns(2)). Root itself enters without more.
 */
function onlyRootEnters({ uid, namespaces }: Process, { snapshot, ownPid }: Observation): boolean {
  const own = byPid(snapshot.processes).get(ownPid);
  return own !== undefined && own.uid !== 0 && (own.uid !== uid || namespaces.user === own.namespaces.user);
}

const WAYS = [
  { label: 'All of its namespaces', detail: 'A shell of its image, as root', types: NAMESPACE_TYPES },
  {
    label: 'Network and processes only',
    detail: "This machine's own shell and tools, for images without any",
    types: ['net', 'pid'],
  },
  { label: 'Choose…', detail: 'Some of them', types: undefined },
] as const;

async function pickForRoot(
  destination: Destination,
  observation: Observation,
): Promise<readonly NamespaceType[] | undefined> {
  const placeHolder = `Namespaces of process ${destination.pid}, of another user, to enter as root`;
  const way = await vscode.window.showQuickPick(WAYS, { placeHolder });
  return way && (way.types ?? pickTypes(destination, observation));
}

function destinationOf(target: Target | undefined): Destination | undefined {
  if (target?.kind === 'process') return { name: target.process.comm, pid: target.process.pid, types: [] };
  if (target?.kind !== 'namespace') return undefined;
  const { type, inode, pids } = target.namespace;
  return { name: `${inode}`, pid: pids[0] ?? fail('namespaceGone', { type, inode }), types: [type] };
}

async function pickNamespace(observation: Observation): Promise<Destination | undefined> {
  const items = observation.snapshot.namespaces.flatMap((namespace) => {
    const { type, inode, pids } = namespace;
    const name = namespaceName(namespace, observation);
    const [pid] = pids;
    if (pid === undefined || name === 'yours') return [];
    const description = `${type} ${inode} · ${count(pids.length, 'process', 'processes')}`;
    return [{ label: name, description, destination: { name, pid, types: [type] } }];
  });
  const picked = await vscode.window.showQuickPick(items, {
    placeHolder: 'Namespace to open a terminal in',
    matchOnDescription: true,
  });
  return picked?.destination;
}

/** Offers every namespace of the process; beforehand marked are those asked for, else all in which it is not where we are. */
async function pickTypes(
  { pid, types }: Destination,
  observation: Observation,
): Promise<readonly NamespaceType[] | undefined> {
  const process = byPid(observation.snapshot.processes).get(pid);
  const foreign = process ? foreignTypes(process, observation) : [];
  const marked = types.length > 0 ? types : foreign;
  const items = NAMESPACE_TYPES.map((type) => ({
    label: type,
    description: [process?.namespaces[type] ?? '', foreign.includes(type) ? '' : 'same as yours']
      .filter(String)
      .join(' · '),
    picked: marked.includes(type),
  }));
  const picked = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    placeHolder: `Namespaces of process ${pid} to enter`,
  });
  return picked?.map(({ label }) => label);
}
