import type { CgroupHierarchy } from '../model/cgroup.ts';
import type { Controller } from '../model/host.ts';

/** Who asks what this host can do, and what the rooms above know about it: where its things lie, and by which ids. */
export interface HostCaller {
  readonly uid: number;
  readonly gid: number;
  /** Name of the user, where /etc/passwd has one. */
  readonly name: string | undefined;
  /** The ids that own a sandbox: of root's, others than root's own. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Words in front of a command that run it with those ids. */
  readonly asOwner: readonly string[];
  /** Where upper layers lie. */
  readonly stateFolder: string;
  /** Subordinate ids of /etc/subuid and /etc/subgid. */
  readonly ranges: { readonly uids: readonly SubordinateRange[]; readonly gids: readonly SubordinateRange[] };
  readonly controllers: readonly ControllerPlace[];
}

/** The ids `outside` and the `count - 1` after it stand for `inside` and those after it. */
export interface SubordinateRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Where a controller is mounted, and the cgroup beneath which this caller may make others, where there is one. */
export interface ControllerPlace {
  readonly controller: Controller;
  readonly hierarchy: CgroupHierarchy | undefined;
  readonly own: string | undefined;
}
