import { readFileSync } from 'node:fs';
import { readControllers } from '../cgroup/controllers.ts';
import { cgroupHierarchies, cgroupLayout } from '../cgroup/hierarchies.ts';
import { readTree } from '../cgroup/tree.ts';
import type { Namespace } from '../model/namespace.ts';
import type { Process } from '../model/process.ts';
import type { Snapshot } from '../protocol/discovery.ts';
import { containerOf } from './containers.ts';
import { NO_CALLS, type Calls } from './kernel-calls.ts';
import { listSource } from './listns.ts';
import { heldByMounts } from './mounts.ts';
import { gatherNamespaces, sorted } from './namespaces.ts';
import { relationSource } from './relation-source.ts';
import type { SecondThread } from './second-thread.ts';
import { startSight, type SeenProcesses } from './sight.ts';
import { socketSource } from './sockets.ts';

/** Takes snapshots, each of which looks again only at what has changed since the last. */
export type Scanner = () => Snapshot;

/**
 * A scanner of all that this user can see of this machine. Synchronous: it belongs into a worker, or into a command.
 * Without `calls` no parents, owners and sockets of namespaces are known, and nothing else is missing.
 * `second` is started once it has something to do.
 */
export function startScanner(calls: Calls, second?: SecondThread): Scanner {
  const namespacesOf = namespaceScanner(calls);
  const see = startSight(second);
  return () => {
    const hierarchies = cgroupHierarchies();
    const seen = see(hierarchies);
    const processes = [...seen.values()].map(({ process }) => process);
    return {
      processes,
      namespaces: namespacesOf(seen),
      unreadable: processes.filter(({ readable }) => !readable).length,
      hidden: hidesProcesses(readFileSync('/proc/self/mountinfo', 'latin1')),
      unrelated: 'missing' in calls ? calls.missing : undefined,
      layout: cgroupLayout(hierarchies),
      hierarchies,
      controllers: readControllers(hierarchies),
      trees: hierarchies.map((hierarchy) => readTree(hierarchy, processes)),
    };
  };
}

/** One snapshot. */
export function takeSnapshot(calls: Calls = NO_CALLS): Snapshot {
  return startScanner(calls)();
}

function namespaceScanner(calls: Calls): (seen: SeenProcesses) => readonly Namespace[] {
  const heldBySockets = socketSource();
  const heldInKernel = listSource();
  const related = relationSource();
  return (seen) => {
    const all = [...seen.values()];
    const found = gatherNamespaces(
      all.map(({ process }) => process),
      [
        ...all.flatMap(({ held }) => held),
        ...heldByMounts(seen, process.pid),
        ...('missing' in calls ? [] : [...heldBySockets(seen, calls), ...heldInKernel(calls)]),
      ],
    );
    return withContainers('missing' in calls ? found : sorted(related(found, seen, calls)), seen);
  };
}

function withContainers(namespaces: readonly Namespace[], seen: SeenProcesses): readonly Namespace[] {
  const processOf = (pid: number): Process | undefined => seen.get(pid)?.process;
  return namespaces.map((namespace) => {
    const first = processOf(namespace.pids[0] ?? 0);
    return { ...namespace, container: first && containerOf(first, processOf) };
  });
}

/** Whether the /proc of this mount namespace shows only one's own processes (hidepid in proc(5)). */
export function hidesProcesses(mountinfo: string): boolean {
  return mountinfo
    .split('\n')
    .filter((line) => line.split(' ')[4] === '/proc')
    .some((line) => /[ ,]hidepid=(2|4|invisible|ptraceable)(,|$)/.test(line.split(' - ')[1] ?? ''));
}
