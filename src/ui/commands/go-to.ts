import * as vscode from 'vscode';
import type { Container } from '../../model/container.ts';
import type { Listener } from '../../model/listener.ts';
import type { Process } from '../../model/process.ts';
import { containerText } from '../../text/containers.ts';
import { listeningText } from '../../text/namespace-details.ts';
import { onlyHeldBy } from '../../text/namespaces.ts';
import { count } from '../../text/units.ts';
import type { App } from '../app.ts';
import type { Sought } from '../views/find-row.ts';
import type { Grouping } from '../views/grouping.ts';
import { TYPES } from '../views/namespace-types.ts';
import type { Observation } from '../views/observation.ts';
import { byPid, processDescription } from '../views/process-rows.ts';
import { namespaceName } from '../views/whose.ts';

interface Place extends vscode.QuickPickItem {
  readonly sought?: Sought;
  /** How the tree is to be grouped where the present grouping does not show it. */
  readonly otherwise?: Grouping;
}

/** Asks for a process, a namespace, a container or a port on which somebody listens, and selects its row. */
export async function goTo({ live, inspection, views }: App): Promise<void> {
  const observation = await live.observe();
  const place = await pick(observation, inspection.listeners(observation.snapshot.namespaces));
  if (place?.sought && place.otherwise) await views.revealNamespace(place.sought, place.otherwise);
}

/** Ports take longer to be found: they are added when they are, behind the others, because VS Code names what is taken by its place. */
function pick(observation: Observation, listeners: Promise<readonly Listener[]>): Promise<Place | undefined> {
  const box = vscode.window.createQuickPick<Place>();
  box.placeholder = 'Process, inode, container, or port: who listens on 8080?';
  box.matchOnDescription = true;
  box.busy = true;
  const others = [...containerPlaces(observation), ...namespacePlaces(observation), ...processPlaces(observation)];
  box.items = others;
  void listeners
    .catch(() => [])
    .then((found) => {
      box.items = [...others, ...portPlaces(found, observation)];
      box.busy = false;
    });
  return new Promise((resolve) => {
    box.onDidAccept(() => {
      resolve(box.activeItems[0]);
      box.hide();
    });
    box.onDidHide(() => {
      resolve(undefined);
      box.dispose();
    });
    box.show();
  });
}

function separator(label: string): Place {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

function portPlaces(listeners: readonly Listener[], { snapshot }: Observation): readonly Place[] {
  const places = listeners.map((listener): Place => {
    const { port, network, pids } = listener;
    const [pid] = pids;
    const process = pid === undefined ? undefined : byPid(snapshot.processes).get(pid);
    const who = process ? `${process.comm} ${process.pid}` : 'process not known';
    return {
      label: `${port}`,
      description: `${listeningText(listener)} · ${who} · net ${network}`,
      iconPath: new vscode.ThemeIcon('plug'),
      sought: pid === undefined ? { namespace: { type: 'net', inode: network } } : { pid },
      otherwise: pid === undefined ? 'type' : 'process',
    };
  });
  return places.length > 0 ? [separator('Ports'), ...places] : [];
}

function containerPlaces({ snapshot }: Observation): readonly Place[] {
  const containers = new Map<string, Container>();
  for (const { container } of snapshot.namespaces) if (container) containers.set(containerText(container), container);
  const places = [...containers.values()].map((container): Place => ({
    label: container.name,
    description: container.kind,
    iconPath: new vscode.ThemeIcon('package'),
    sought: { container },
    otherwise: 'container',
  }));
  return places.length > 0 ? [separator('Containers'), ...places] : [];
}

function namespacePlaces(observation: Observation): readonly Place[] {
  const places = observation.snapshot.namespaces.map((namespace): Place => {
    const { type, inode, pids } = namespace;
    const found = pids.length > 0 ? count(pids.length, 'process', 'processes') : onlyHeldBy(namespace);
    return {
      label: `${type} ${inode}`,
      description: `${namespaceName(namespace, observation)} · ${found}`,
      iconPath: new vscode.ThemeIcon(TYPES[type].icon),
      sought: { namespace },
      otherwise: 'type',
    };
  });
  return [separator('Namespaces'), ...places];
}

function processPlaces({ snapshot }: Observation): readonly Place[] {
  return [separator('Processes'), ...snapshot.processes.map(processPlace)];
}

function processPlace(process: Process): Place {
  return {
    label: process.comm,
    description: processDescription(process),
    iconPath: new vscode.ThemeIcon('server-process'),
    sought: { pid: process.pid },
    otherwise: 'process',
  };
}
