import { release } from 'node:os';
import { readControllers } from '../cgroup/controllers.ts';
import { cgroupHierarchies, cgroupLayout } from '../cgroup/hierarchies.ts';
import { takeSnapshot } from '../discovery/snapshot.ts';
import type { Snapshot } from '../protocol/discovery.ts';
import { beSparing } from './memory.ts';
import { programPaths } from './programs.ts';
import type { Verbs } from './serve.ts';

/** The verbs that only look: at this host, and as root at its processes. */
export const lookVerbs: Verbs<'host' | 'scan'> = {
  host: () => {
    const hierarchies = cgroupHierarchies();
    return {
      kernel: release(),
      layout: cgroupLayout(hierarchies),
      hierarchies,
      controllers: readControllers(hierarchies),
      programs: programPaths(),
    };
  },
  scan: (_, act) => {
    const snapshot = lookSparingly();
    act(`looked at ${snapshot.processes.length} processes and ${snapshot.namespaces.length} namespaces`);
    return snapshot;
  },
};

/** What is seen of thousands of processes would be in memory several times. */
export function lookSparingly(): Snapshot {
  beSparing();
  return takeSnapshot();
}
