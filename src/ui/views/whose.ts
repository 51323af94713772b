import type { Container } from '../../model/container.ts';
import {
  mountPaths,
  NAMESPACE_TYPES,
  type Namespace,
  type NamespaceName,
  type NamespaceType,
} from '../../model/namespace.ts';
import type { Process } from '../../model/process.ts';
import type { Observation } from './observation.ts';
import { byPid, processesOf } from './process-rows.ts';

/** Whose it is, in the fewest words: yours, a sandbox's, that of the path that keeps it, or of its first process. */
export function namespaceName(namespace: Namespace, observation: Observation): string {
  if (isYours(namespace, observation)) return 'yours';
  const sandbox = sandboxIn(namespace, observation);
  if (sandbox !== undefined) return sandbox;
  const [path] = mountPaths(namespace);
  if (path !== undefined) return path.slice(path.lastIndexOf('/') + 1);
  const [first] = processesOf(byPid(observation.snapshot.processes), namespace.pids);
  return first ? `${first.comm} ${first.pid}` : `${namespace.inode}`;
}

export function isYours({ type, inode }: NamespaceName, observation: Observation): boolean {
  return ownNamespaces(observation)[type] === inode;
}

/** Whether it is the host's own: one that its first process is in. */
export function isHosts({ type, inode }: NamespaceName, observation: Observation): boolean {
  return hostNamespaces(observation)[type] === inode;
}

/** The types in which a process is not where the observer is. What the observer may not see is in none. */
export function foreignTypes(process: Process, observation: Observation): readonly NamespaceType[] {
  return otherTypes(process, ownNamespaces(observation));
}

/** The types in which a process is not where the host is. */
export function isolatedTypes(process: Process, observation: Observation): readonly NamespaceType[] {
  return otherTypes(process, hostNamespaces(observation));
}

function otherTypes({ namespaces }: Process, from: Process['namespaces']): readonly NamespaceType[] {
  return NAMESPACE_TYPES.filter((type) => namespaces[type] !== undefined && namespaces[type] !== from[type]);
}

function ownNamespaces({ snapshot, ownPid }: Observation): Process['namespaces'] {
  return byPid(snapshot.processes).get(ownPid)?.namespaces ?? {};
}

/** Only root sees the namespaces of PID 1: for others the host is where they are themselves. */
function hostNamespaces(observation: Observation): Process['namespaces'] {
  const first = byPid(observation.snapshot.processes).get(1)?.namespaces ?? {};
  return first.user === undefined ? ownNamespaces(observation) : first;
}

function sandboxIn({ type, inode }: Namespace, { snapshot, sandboxes }: Observation): string | undefined {
  const processes = byPid(snapshot.processes);
  return sandboxes.find(({ sandbox }) => processes.get(sandbox.pid)?.namespaces[type] === inode)?.sandbox.id;
}

/** A namespace by its name, undefined for one that is not in the snapshot. */
export function namespaceOf(
  type: NamespaceType,
  inode: number | undefined,
  { snapshot }: Observation,
): Namespace | undefined {
  return inode === undefined ? undefined : byName(snapshot.namespaces).get(`${type} ${inode}`);
}

const indexes = new WeakMap<readonly Namespace[], ReadonlyMap<string, Namespace>>();

function byName(namespaces: readonly Namespace[]): ReadonlyMap<string, Namespace> {
  const known = indexes.get(namespaces);
  if (known) return known;
  const made = new Map(namespaces.map((namespace) => [`${namespace.type} ${namespace.inode}`, namespace]));
  indexes.set(namespaces, made);
  return made;
}

/** The container of the namespaces in which a process is and the host is not. */
export function containerOfProcess(process: Process, observation: Observation): Container | undefined {
  for (const type of isolatedTypes(process, observation)) {
    const container = namespaceOf(type, process.namespaces[type], observation)?.container;
    if (container && container.kind !== 'systemd') return container;
  }
  return undefined;
}
