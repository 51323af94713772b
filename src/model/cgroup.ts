/** v1: one tree per controller; v2: the unified tree; hybrid: v1 trees with a v2 tree beside them (cgroups(7)). */
export type CgroupLayout = 'v1' | 'v2' | 'hybrid' | 'none';

/** A mounted cgroup hierarchy. `key` is how /proc/PID/cgroup names it: '' for v2, else comma-joined v1 controllers or name=…. */
export interface CgroupHierarchy {
  readonly key: string;
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** Folder of the hierarchy that the mount shows ('/' except in a container). */
  readonly root: string;
  readonly controllers: readonly string[];
}

/** One row of the table of controllers, from /proc/cgroups and, on v2, cgroup.controllers of the root. */
export interface CgroupController {
  readonly name: string;
  /** 0 for one that is on the v2 tree or on none. */
  readonly hierarchyId: number;
  readonly groups: number;
  readonly enabled: boolean;
  /** Where it is mounted, or undefined. */
  readonly mountPoint: string | undefined;
  readonly version: 1 | 2 | undefined;
}

/** A cgroup: a folder of one hierarchy, with what it holds and costs now. Numbers are undefined where no controller tells. */
export interface Cgroup {
  readonly hierarchy: string;
  /** Path below the hierarchy's mount point, '/' for its root. */
  readonly path: string;
  readonly children: readonly Cgroup[];
  readonly pids: readonly number[];
}

/** What a cgroup uses and is allowed, read from its files: bytes, microseconds, counts. */
export interface CgroupReadings {
  readonly memoryCurrent: number | undefined;
  readonly memoryMax: number | undefined;
  readonly pidsCurrent: number | undefined;
  readonly pidsMax: number | undefined;
  /** CPU time used so far, in microseconds. */
  readonly cpuUsage: number | undefined;
  /** Processes killed for memory so far. */
  readonly oomKills: number | undefined;
  /** Forks refused by pids.max so far. */
  readonly pidsRefused: number | undefined;
  /** Periods in which cpu.max throttled. */
  readonly throttledPeriods: number | undefined;
}
