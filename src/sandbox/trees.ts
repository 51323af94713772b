import { mountAround, mountsBelow, rootOf, type HostMount } from '../host/mounts.ts';
import { bindFolder, remountReadOnly, remountWritable, type MountEntry } from './mounts.ts';

/** A read-only bind of a folder with every mount below it made read-only too. */
export function readOnlyTree(source: string, target: string, mounts: readonly HostMount[]): readonly MountEntry[] {
  const below = mountsBelow(source, mounts);
  return [
    bindFolder(source, target, true, lockedAround(source, mounts)),
    ...below.map((mount) => remountReadOnly(target + mount.target.slice(source.length), lockedFlags(mount))),
  ];
}

/** A writable one, in which no program gets rights by its owner and no device works; what is read-only outside stays so. */
export function writableTree(source: string, target: string, mounts: readonly HostMount[]): readonly MountEntry[] {
  const below = mountsBelow(source, mounts);
  return [
    bindFolder(source, target, false, lockedAround(source, mounts)),
    ...below.map((mount) => {
      const remount = mount.options.includes('ro') ? remountReadOnly : remountWritable;
      return remount(target + mount.target.slice(source.length), lockedFlags(mount));
    }),
  ];
}

/**
 * A recursive bind of what is on the host onto the same path, in a folder that others may write to: it has to be what it was when it
 * was looked at.
 */
export function bindInPlace(path: string, access: 'ro' | 'rw', mounts: readonly HostMount[]): MountEntry {
  const options = ['rbind', access, 'nosuid', 'nodev', ...lockedAround(path, mounts)];
  return { source: path, target: path, type: 'none', options, from: rootOf(path, mounts) };
}

/** Flags that a user namespace may not clear from a mount it has inherited (mount_namespaces(7)). */
export function lockedFlags({ options }: HostMount): readonly string[] {
  return options.filter((option) => option === 'noexec');
}

/** Those of the mount that a path is on. */
export function lockedAround(path: string, mounts: readonly HostMount[]): readonly string[] {
  const mount = mountAround(path, mounts);
  return mount === undefined ? [] : lockedFlags(mount);
}
