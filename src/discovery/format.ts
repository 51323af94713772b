import type { Cgroup } from '../model/cgroup.ts';
import type { Snapshot } from '../protocol/discovery.ts';

/** Every namespace as lsns(8) names its columns in JSON, with the paths of the bind mounts that keep it. */
export function namespacesJson({ namespaces, processes }: Snapshot) {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  return {
    namespaces: namespaces.map(({ type, inode, pids, paths }) => {
      const first = byPid.get(pids[0] ?? 0);
      return {
        ns: inode,
        type,
        nprocs: pids.length,
        pid: first?.pid ?? null,
        uid: first?.uid ?? null,
        command: first ? first.command || first.comm : null,
        pids,
        paths,
      };
    }),
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
