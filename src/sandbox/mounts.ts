import { statSync } from 'node:fs';

/** One line of the table of mounts. Paths of targets are those inside the sandbox; what is missing there is made. */
export interface MountEntry {
  /** A host path, a path inside the new root (`inside`), or the name of a file system. */
  readonly source: string;
  readonly inside?: boolean;
  /** Whether the target is a path in the sandbox's own folder outside, for what is mounted from there again. */
  readonly aside?: boolean;
  /** Where that will be inside, for what is said of it. */
  readonly shown?: string;
  /** What the plan has seen at the source, as `seenAt` says it: it must still be that when it is mounted. */
  readonly seen?: string | undefined;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** A symbolic link that is made inside. */
export interface Link {
  readonly path: string;
  readonly to: string;
}

/** Everything that is mounted, in order. */
export interface MountPlan {
  readonly first: readonly MountEntry[];
  readonly links: readonly Link[];
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

/** A fresh tmpfs(5). */
export function tmpfs(target: string, mode: string, size?: number): MountEntry {
  const most = size === undefined ? [] : [`size=${size}`];
  return { source: 'tmpfs', target, type: 'tmpfs', options: ['nosuid', 'nodev', `mode=${mode}`, ...most] };
}

/** A bind of a host folder with all that is mounted below it, in which no program gets rights by its owner and no device works. */
export function bindFolder(source: string, target: string, access: 'ro' | 'rw', seen?: string): MountEntry {
  return { source, target, type: 'none', options: ['rbind', access, 'nosuid', 'nodev'], seen };
}

/** A bind of one file over another. */
export function bindFile(source: string, target: string, options: readonly string[], seen?: string): MountEntry {
  return { source, target, type: 'none', options: ['bind', ...options], seen };
}

/**
 * A bind of what is inside onto itself, with all that is mounted below it. `nodev` stays as it is, because what hides a file is a
 * device.
 */
export function bindItself(path: string, access: 'ro' | 'rw', options: readonly string[] = []): MountEntry {
  return { ...bindFolder(path, path, access), inside: true, options: ['rbind', access, 'nosuid', ...options] };
}

/** Makes a mount that is there already read-only, but nothing that is mounted below it. */
export function remountReadOnly(target: string): MountEntry {
  return { source: 'none', target, type: 'none', options: ['remount', 'bind', 'ro', 'nosuid', 'nodev'] };
}

/** Makes a mount that is there already read-only, with all that is mounted below it. */
export function remountTreeReadOnly(target: string): MountEntry {
  return { source: 'none', target, type: 'none', options: ['remount', 'rbind', 'ro', 'nosuid'] };
}

export function isReadOnly({ options }: MountEntry): boolean {
  return options.includes('ro');
}

/** Device and inode of a path whose links have been followed: `DEVICE.INODE`. @throws the ENOENT of stat(2). */
export function seenAt(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}.${ino}`;
}
