import type { CgroupReadings } from '../../model/cgroup.ts';
import type { Sandbox } from '../../model/sandbox.ts';
import type { ProfileSummary } from '../../profile/load.ts';
import type { Snapshot } from '../../protocol/discovery.ts';
import type { DiskUse } from '../../sandbox/disk-use.ts';
import type { RunningLab } from '../../sandbox/lab/labs.ts';

/** What the machine showed at one moment: all that the trees are made of. */
export interface Observation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The observer, by which one's own namespaces are known. */
  readonly ownPid: number;
  readonly snapshot: Snapshot;
  readonly profiles: readonly ProfileSummary[];
  readonly sandboxes: readonly RunningSandbox[];
  readonly labs: readonly RunningLab[];
}

export interface RunningSandbox {
  readonly sandbox: Sandbox;
  readonly processes: number;
  /** Resident memory of its processes, in bytes. */
  readonly rss: number;
  /** Of the cgroups that hold its limits; undefined where it has none. */
  readonly readings: CgroupReadings | undefined;
  /** What it has written to a disk; undefined where it writes to none, or nobody has counted yet. */
  readonly disk: DiskUse | undefined;
}
