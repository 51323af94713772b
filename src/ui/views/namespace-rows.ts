import {
  foundBy,
  mountPaths,
  NAMESPACE_TYPES,
  type FoundBy,
  type Namespace,
  type NamespaceType,
} from '../../model/namespace.ts';
import type { Process } from '../../model/process.ts';
import { otherHolders } from '../../text/namespaces.ts';
import { code, facts } from './markdown.ts';
import type { Observation } from './observation.ts';
import { byPid, processesOf, processRow, processRows } from './process-rows.ts';
import { paged, row, type Row } from './row.ts';
import { count } from '../../text/units.ts';

export type Grouping = 'type' | 'process';

const TYPES: Readonly<Record<NamespaceType, { readonly icon: string; readonly isolates: string }>> = {
  user: { icon: 'account', isolates: 'user and group ids, capabilities' },
  mnt: { icon: 'folder-library', isolates: 'mounts' },
  pid: { icon: 'list-tree', isolates: 'process ids' },
  net: { icon: 'globe', isolates: 'network devices, addresses, ports' },
  ipc: { icon: 'comment-discussion', isolates: 'System V IPC, message queues' },
  uts: { icon: 'tag', isolates: 'host name' },
  cgroup: { icon: 'dashboard', isolates: 'cgroup root' },
  time: { icon: 'watch', isolates: 'boot and monotonic clocks' },
};

/** Every namespace of the machine: under its type, or under each process that is in it. */
export function namespaceRows(observation: Observation, grouping: Grouping): readonly Row[] {
  if (observation.snapshot.namespaces.length === 0) return [];
  return grouping === 'type' ? rowsByType(observation) : rowsByProcess(observation);
}

function rowsByType(observation: Observation): readonly Row[] {
  return NAMESPACE_TYPES.map((type) => {
    const ofType = observation.snapshot.namespaces.filter((namespace) => namespace.type === type);
    return row({
      id: type,
      label: type,
      description: `${ofType.length}`,
      spoken: `${type} namespaces, ${ofType.length}`,
      icon: TYPES[type].icon,
      opening: 'collapsed',
      tooltip: () => `${type} namespaces isolate ${TYPES[type].isolates}.`,
      children: () =>
        paged(type, yoursFirst(ofType, observation), (page, namespace) => namespaceRow(page, namespace, observation)),
    });
  });
}

function yoursFirst(namespaces: readonly Namespace[], observation: Observation): readonly Namespace[] {
  const yours = (namespace: Namespace): boolean => isYours(namespace, observation);
  return [...namespaces.filter(yours), ...namespaces.filter((namespace) => !yours(namespace))];
}

function namespaceRow(parent: string, namespace: Namespace, observation: Observation): Row {
  const { type, inode, pids } = namespace;
  const id = `${parent}/${inode}`;
  const name = namespaceName(namespace, observation);
  const processes = pids.length > 0 ? count(pids.length, 'process', 'processes') : FOUND[foundBy(namespace)];
  return row({
    id,
    label: name,
    description: `${inode} · ${processes}`,
    spoken: `${type} namespace ${inode}, ${name}, ${processes}`,
    icon: TYPES[type].icon,
    color: isYours(namespace, observation) ? undefined : 'charts.blue',
    subject: { kind: 'namespace', namespace },
    opening: pids.length > 0 ? 'collapsed' : 'leaf',
    tooltip: () => namespaceTooltip(namespace, name, observation),
    children: () => processRows(id, processesOf(byPid(observation.snapshot.processes), pids)),
  });
}

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

function isYours({ type, inode }: Namespace, { snapshot, ownPid }: Observation): boolean {
  return byPid(snapshot.processes).get(ownPid)?.namespaces[type] === inode;
}

function sandboxIn({ type, inode }: Namespace, { snapshot, sandboxes }: Observation): string | undefined {
  const processes = byPid(snapshot.processes);
  return sandboxes.find(({ sandbox }) => processes.get(sandbox.pid)?.namespaces[type] === inode)?.sandbox.id;
}

/** How one was found that no process is in. */
const FOUND: Readonly<Record<FoundBy, string>> = {
  process: 'no process',
  thread: 'only a thread',
  children: 'only for children',
  mount: 'only a bind mount',
  descriptor: 'only a descriptor',
  socket: 'only a socket',
  child: 'only as a parent',
  owned: 'only as an owner',
};

function namespaceTooltip(namespace: Namespace, name: string, { snapshot }: Observation): string {
  const { type, inode, pids, holders, relations, container } = namespace;
  const processes = byPid(snapshot.processes);
  const [first] = processesOf(processes, pids);
  const users = new Set(processesOf(processes, pids).map(({ uid }) => uid));
  const known = facts([
    ['inode', `${inode}`],
    ['isolates', TYPES[type].isolates],
    ['processes', `${pids.length}`],
    ['user ids', users.size > 0 ? [...users].sort((a, b) => a - b).join(', ') : undefined],
    ['first process', first && `${first.pid} ${code(first.command || first.comm)}`],
    ['container', container && `${container.kind} ${code(container.name)}`],
    ['held by', holders.length > 0 ? code(otherHolders(namespace)) : undefined],
    ['parent', relations?.parent === undefined ? undefined : `${relations.parent}`],
    ['owned by', relations?.owner === undefined ? undefined : `user namespace ${relations.owner}`],
    ['made by', relations?.ownerUid === undefined ? undefined : `user id ${relations.ownerUid}`],
  ]);
  return [`**${type} namespace**, ${code(name)}`, known].join('\n\n');
}

function rowsByProcess(observation: Observation): readonly Row[] {
  const { processes } = observation.snapshot;
  const apart = processes.filter((process) => foreignTypes(process, observation).length > 0);
  const among = processes.filter((process) => foreignTypes(process, observation).length === 0);
  return [
    groupOfProcesses('apart', 'In other namespaces than yours', apart, observation),
    groupOfProcesses('among', 'In your namespaces', among, observation),
  ];
}

function groupOfProcesses(id: string, label: string, processes: readonly Process[], observation: Observation): Row {
  return row({
    id,
    label,
    description: `${processes.length}`,
    icon: id === 'apart' ? 'symbol-namespace' : 'home',
    opening: processes.length === 0 ? 'leaf' : id === 'apart' ? 'expanded' : 'collapsed',
    children: () => paged(id, processes, (page, process) => processWithNamespaces(page, process, observation)),
  });
}

function processWithNamespaces(parent: string, process: Process, observation: Observation): Row {
  const id = `${parent}/${process.pid}-${process.startTime}`;
  const foreign = foreignTypes(process, observation);
  return processRow(parent, process, {
    description: [`${process.pid}`, ...(foreign.length > 0 ? [foreign.join(' ')] : [])].join(' · '),
    opening: Object.keys(process.namespaces).length > 0 ? 'collapsed' : 'leaf',
    children: () => namespacesOf(id, process, observation),
  });
}

/** The types in which a process is not where the observer is. What the observer may not see is in none. */
export function foreignTypes({ namespaces }: Process, { snapshot, ownPid }: Observation): readonly NamespaceType[] {
  const own = byPid(snapshot.processes).get(ownPid)?.namespaces ?? {};
  return NAMESPACE_TYPES.filter((type) => namespaces[type] !== undefined && namespaces[type] !== own[type]);
}

function namespacesOf(parent: string, process: Process, observation: Observation): readonly Row[] {
  return NAMESPACE_TYPES.map((type) =>
    observation.snapshot.namespaces.find((one) => one.type === type && one.inode === process.namespaces[type]),
  )
    .filter((namespace) => namespace !== undefined)
    .map((namespace) => ({ ...namespaceRow(parent, namespace, observation), ...asMember(namespace, observation) }));
}

/** Under a process, the type tells the rows apart, and the other processes of a namespace are not repeated. */
function asMember(namespace: Namespace, observation: Observation): Partial<Row> {
  return {
    label: namespace.type,
    description: `${namespace.inode} · ${namespaceName(namespace, observation)}`,
    opening: 'leaf',
    children: () => [],
  };
}
