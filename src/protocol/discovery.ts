import type { Cgroup, CgroupController, CgroupHierarchy, CgroupLayout } from '../model/cgroup.ts';
import type { Namespace } from '../model/namespace.ts';
import type { Process } from '../model/process.ts';

/** What the kernel showed of this machine at one moment. */
export interface Snapshot {
  readonly processes: readonly Process[];
  readonly namespaces: readonly Namespace[];
  /** Processes whose namespaces this user may not see. */
  readonly unreadable: number;
  /** Whether /proc hides the processes of other users altogether (hidepid in proc(5)). */
  readonly hidden: boolean;
  /** Why parents, owners and sockets of namespaces are not known; undefined where they are. */
  readonly unrelated: string | undefined;
  readonly layout: CgroupLayout;
  readonly hierarchies: readonly CgroupHierarchy[];
  readonly controllers: readonly CgroupController[];
  /** The root cgroup of each hierarchy. */
  readonly trees: readonly Cgroup[];
}
