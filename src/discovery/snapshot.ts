import { readControllers } from '../cgroup/controllers.ts';
import { cgroupHierarchies, cgroupLayout } from '../cgroup/hierarchies.ts';
import { readTree } from '../cgroup/tree.ts';
import type { Snapshot } from '../protocol/discovery.ts';
import { readNamespaces } from './namespaces.ts';
import { readProcesses } from './processes.ts';

/** Everything of this machine that this user can see now. Synchronous: it belongs into a worker, or into a command. */
export function takeSnapshot(): Snapshot {
  const processes = readProcesses();
  const hierarchies = cgroupHierarchies();
  return {
    processes,
    namespaces: readNamespaces(processes),
    layout: cgroupLayout(hierarchies),
    hierarchies,
    controllers: readControllers(hierarchies),
    trees: hierarchies.map((hierarchy) => readTree(hierarchy, processes)),
  };
}
