import type { Cgroup } from '../model/cgroup.ts';
import type { Found } from '../model/namespace-details.ts';
import { foundBy, mountPaths, type Namespace } from '../model/namespace.ts';
import type { Process } from '../model/process.ts';
import type { Snapshot } from '../protocol/discovery.ts';
import { handlesOf, namespaceDevice } from './handles.ts';
import type { Users } from './users.ts';

/**
 * Every namespace as lsns(8) names its columns in JSON, and after these what lsns does not have. What is not
 * known is null, and `unknown` or `unreadable` says why.
 */
export function namespacesJson(snapshot: Snapshot, detailsOf: (namespace: Namespace) => Found, users: Users) {
  const byPid = new Map(snapshot.processes.map((process) => [process.pid, process]));
  const { unreadable, hidden, unrelated } = snapshot;
  return {
    namespaces: snapshot.namespaces.map((one) => namespaceJson(one, byPid, detailsOf(one), users)),
    unreadable: { processes: unreadable, hidden, relations: unrelated ?? null },
  };
}

function namespaceJson(namespace: Namespace, byPid: ReadonlyMap<number, Process>, found: Found, users: Users) {
  const { type, inode, pids, holders, relations } = namespace;
  const first = byPid.get(pids[0] ?? 0);
  const paths = mountPaths(namespace);
  return {
    ns: inode,
    device: namespaceDevice(),
    type,
    nprocs: pids.length,
    pid: first?.pid ?? null,
    ppid: first?.ppid ?? null,
    command: first ? first.command || first.comm : null,
    uid: first?.uid ?? null,
    user: first ? (users.get(first.uid) ?? `${first.uid}`) : null,
    pns: relations?.parent ?? null,
    ons: relations?.owner ?? null,
    ownerUid: relations?.ownerUid ?? null,
    container: namespace.container ?? null,
    foundBy: foundBy(namespace),
    holders,
    pids,
    path: handlesOf(namespace)[0] ?? null,
    nsfs: paths[0] ?? null,
    paths,
    details: 'details' in found ? found.details : null,
    unknown: 'unknown' in found ? found.unknown : null,
  };
}

/** The table of controllers and the tree of each hierarchy. */
export function cgroupsJson({ layout, controllers, hierarchies, trees }: Snapshot) {
  return {
    layout,
    controllers,
    hierarchies: hierarchies.map((hierarchy) => ({
      ...hierarchy,
      tree: cgroupJson(trees.find((tree) => tree.hierarchy === hierarchy.key)),
    })),
  };
}

interface CgroupJson {
  readonly path: string;
  readonly pids: readonly number[];
  readonly children: readonly CgroupJson[];
}

function cgroupJson(cgroup: Cgroup | undefined): CgroupJson | null {
  if (cgroup === undefined) return null;
  const children = cgroup.children.map(cgroupJson).filter((child) => child !== null);
  return { path: cgroup.path, pids: cgroup.pids, children };
}
