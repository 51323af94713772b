import * as vscode from 'vscode';
import { fail } from '../../model/problem.ts';
import { NAMESPACE_TYPES, type NamespaceType } from '../../model/namespace.ts';
import { enterNamespaceCommand } from '../../sandbox/enter.ts';
import type { App } from '../app.ts';
import { commandTerminal } from '../terminal/sandbox-terminals.ts';
import { terminalsAllowed } from '../terminal/restricted.ts';
import { foreignTypes, namespaceName } from '../views/namespace-rows.ts';
import type { Observation } from '../views/observation.ts';
import { byPid } from '../views/process-rows.ts';
import { count } from '../../text/units.ts';
import type { Target } from './table.ts';

/** Where a terminal is to be opened: the namespaces of one process. */
interface Destination {
  readonly name: string;
  readonly pid: number;
  readonly types: readonly NamespaceType[];
}

/** Opens a plain `nsenter` terminal in namespaces of one process, after asking which. */
export async function openTerminalInNamespace({ live }: App, target: Target | undefined): Promise<void> {
  if (!(await terminalsAllowed())) return;
  const observation = await live.observe();
  const destination = destinationOf(target) ?? (await pickNamespace(observation));
  const types = destination && (await pickTypes(destination, observation));
  if (!destination || !types || types.length === 0) return;
  const command = enterNamespaceCommand(destination.pid, types);
  const name = `${destination.name} (${types.join(' ')})`;
  vscode.window
    .createTerminal({ ...commandTerminal(name, command), iconPath: new vscode.ThemeIcon('symbol-namespace') })
    .show();
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
