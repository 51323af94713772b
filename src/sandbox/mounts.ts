/** One line of the table that the start script hands to mount(8). Paths of targets are those inside the sandbox. */
export interface MountEntry {
  /** A host path, a path inside the new root (`inside`), or the name of a file system type. */
  readonly source: string;
  readonly inside?: boolean;
  /** Whether the target is a plain name in the sandbox's own folder outside, for what is mounted from there again. */
  readonly aside?: boolean;
  /**
   * What the kernel must say was mounted, as root of mountinfo. A name in a folder that others write to may come to lead elsewhere
   * before it is mounted.
   */
  readonly from?: string | undefined;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Everything that is mounted, in order. Links, folders and empty files are made in between, as targets for `second`. */
export interface MountPlan {
  readonly first: readonly MountEntry[];
  /** Symbolic links of the host that stand at the same path inside. */
  readonly links: readonly string[];
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly second: readonly MountEntry[];
  /** What closes the tree, after everything else is in place. */
  readonly last: readonly MountEntry[];
}

export const NO_MOUNTS: MountPlan = { first: [], links: [], folders: [], files: [], second: [], last: [] };

export function joinMountPlans(plans: readonly MountPlan[]): MountPlan {
  return {
    first: plans.flatMap((plan) => plan.first),
    links: plans.flatMap((plan) => plan.links),
    folders: plans.flatMap((plan) => plan.folders),
    files: plans.flatMap((plan) => plan.files),
    second: plans.flatMap((plan) => plan.second),
    last: plans.flatMap((plan) => plan.last),
  };
}

/** A fresh tmpfs(5) on a folder that is made if need be. */
export function tmpfs(target: string, mode: string, size?: number): MountEntry {
  const most = size === undefined ? [] : [`size=${size}`];
  const options = ['nosuid', 'nodev', `mode=${mode}`, ...most, 'X-mount.mkdir'];
  return { source: 'tmpfs', target, type: 'tmpfs', options };
}

/** A recursive bind of a host folder; what is mounted below it keeps its own flags (`trees.ts`). */
export function bindFolder(
  source: string,
  target: string,
  readOnly: boolean,
  lockedFlags: readonly string[] = [],
): MountEntry {
  const options = ['rbind', readOnly ? 'ro' : 'rw', 'nosuid', 'nodev', ...lockedFlags, 'X-mount.mkdir'];
  return { source, target, type: 'none', options };
}

/** A bind of one file over a file that is there. */
export function bindFile(source: string, target: string, options: readonly string[]): MountEntry {
  return { source, target, type: 'none', options: ['bind', ...options] };
}

/** Makes a mount that is already there read-only: a recursive bind changes only its top (mount(8), "Bind mounts"). */
export function remountReadOnly(target: string, lockedFlags: readonly string[]): MountEntry {
  const options = ['remount', 'bind', 'ro', 'nosuid', 'nodev', ...lockedFlags];
  return { source: 'none', target, type: 'none', options };
}

/** The same for what stays writable. */
export function remountWritable(target: string, lockedFlags: readonly string[]): MountEntry {
  const options = ['remount', 'bind', 'rw', 'nosuid', 'nodev', ...lockedFlags];
  return { source: 'none', target, type: 'none', options };
}

export function isReadOnly({ options }: MountEntry): boolean {
  return options.includes('ro');
}
