import { lstatSync } from 'node:fs';
import { mountsBelow, type HostMount } from '../host/mounts.ts';
import { BARE_ROOT } from './bare-root.ts';
import { bindFolder, NO_MOUNTS, remountReadOnly, type MountEntry, type MountPlan } from './mounts.ts';

/** The machine's own system; everything else of the machine does not exist inside. */
const SYSTEM_FOLDERS = ['/usr', '/etc', '/opt'] as const;

/** Links into /usr on a merged system, folders on an older one (hier(7)). */
const USR_ALIASES = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'] as const;

/** The `host` root: a bare root with the machine's system folders, read-only all the way down. */
export function hostRoot(mounts: readonly HostMount[]): MountPlan {
  const folders = [...SYSTEM_FOLDERS, ...USR_ALIASES].filter((path) => kindOf(path) === 'folder');
  return {
    ...NO_MOUNTS,
    first: [BARE_ROOT, ...folders.flatMap((path) => readOnlyTree(path, path, mounts))],
    links: USR_ALIASES.filter((path) => kindOf(path) === 'link'),
  };
}

/** A read-only bind of a folder with every mount below it made read-only too. */
export function readOnlyTree(source: string, target: string, mounts: readonly HostMount[]): readonly MountEntry[] {
  const below = mountsBelow(source, mounts);
  return [
    bindFolder(source, target, true),
    ...below.map((mount) => remountReadOnly(target + mount.target.slice(source.length), lockedFlags(mount))),
  ];
}

/** Flags that a user namespace may not clear from a mount it has inherited (mount_namespaces(7)). */
export function lockedFlags({ options }: HostMount): readonly string[] {
  return options.filter((option) => option === 'noexec');
}

function kindOf(path: string): 'folder' | 'link' | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink()) return 'link';
  return stat?.isDirectory() ? 'folder' : undefined;
}
