import { dirname } from 'node:path';
import { mountsBelow, type HostMount } from '../host/mounts.ts';
import { fail } from '../model/problem.ts';
import type { Profile } from '../model/profile.ts';
import { lockedFlags } from './host-root.ts';
import { bindFile, isReadOnly, NO_MOUNTS, remountReadOnly, type MountEntry, type MountPlan } from './mounts.ts';
import { findInside, isWithin, type Found, type World } from './whats-inside.ts';

/**
 * What the profile hides and what it closes, over all that is mounted.
 * @throws ProblemError `maskedPathMissing` where it could be made later, `mountTargetRefused` for a symbolic link.
 */
export function closedPaths(profile: Profile, world: World, mounted: readonly HostMount[]): MountPlan {
  const masked = maskedBy(profile);
  const around = foldersAround([...masked, ...profile.readOnlyPaths], world);
  return {
    ...NO_MOUNTS,
    second: [...around, ...masked.flatMap((path) => mask(path, world))],
    last: profile.readOnlyPaths.flatMap((path) => readOnly(path, { masked, around, world, mounted })),
  };
}

/** What can be written to around a closed path could be renamed away together with it, but for mounts (rename(2), EBUSY). */
function foldersAround(closed: readonly string[], world: World): readonly MountEntry[] {
  const folders = closed.flatMap((path) => {
    const { kind, mount } = findInside(path, world);
    if (kind === 'never' || !isWritable(mount, world)) return [];
    return foldersBetween(mount?.target ?? '/', path).map((folder) => bindItself(folder, mount, 'rw'));
  });
  return [...new Map(folders.map((entry) => [entry.target, entry])).values()].sort(byTarget);
}

function isWritable(mount: MountEntry | undefined, { foreign, mounts: { last } }: World): boolean {
  if (mount !== undefined) return !isReadOnly(mount) && mount.type !== 'proc' && mount.type !== 'sysfs';
  return foreign && !last.some((entry) => entry.target === '/' && isReadOnly(entry));
}

function foldersBetween(top: string, path: string): readonly string[] {
  const above = dirname(path);
  return path === top || above === top ? [] : [...foldersBetween(top, above), above];
}

const byTarget = (a: MountEntry, b: MountEntry): number => (a.target < b.target ? -1 : 1);

/** The deepest first: a mask hides what lies below it, where nothing can be mounted then. */
function maskedBy({ maskedPaths, mounts }: Profile): readonly string[] {
  const all = [...maskedPaths, ...mounts.flatMap((mount) => (mount.kind === 'mask' ? mount.mask : []))];
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

function mask(path: string, world: World): readonly MountEntry[] {
  if (path === '/') fail('mountTargetRefused', { target: path, reason: 'it is everything' });
  const { kind } = findKnown(path, world);
  if (kind === 'never') return [];
  return [kind === 'folder' ? emptyFolder(path) : emptyFile(path)];
}

interface Closing {
  readonly masked: readonly string[];
  readonly around: readonly MountEntry[];
  readonly world: World;
  readonly mounted: readonly HostMount[];
}

/** A path and all that is mounted below it, where what is masked stays masked. */
function readOnly(path: string, { masked, around, world, mounted }: Closing): readonly MountEntry[] {
  const { kind, mount, hostPath } = findKnown(path, world);
  if (kind === 'never') return [];
  const there = mount?.target === path ? mount : around.find(({ target }) => target === path);
  const own = there === undefined ? bindItself(path, mount, 'ro') : remountReadOnly(path, keptFlags(there));
  const below = [...world.mounts.first, ...world.mounts.second, ...around]
    .filter((entry) => entry.target !== path && isWithin(entry.target, path) && !isReadOnly(entry))
    .filter((entry) => !masked.includes(entry.target))
    .map((entry) => remountReadOnly(entry.target, keptFlags(entry)));
  return [own, ...below, ...hostMountsBelow(path, hostPath, mounted)];
}

function findKnown(path: string, world: World): Found {
  const found = findInside(path, world);
  if (found.kind === 'missing') fail('maskedPathMissing', { path });
  return found;
}

function bindItself(path: string, mount: MountEntry | undefined, access: 'ro' | 'rw'): MountEntry {
  const options = ['rbind', access, 'nosuid', 'nodev', ...(mount === undefined ? [] : keptFlags(mount))];
  return { source: path, inside: true, target: path, type: 'none', options };
}

/** What a recursive bind of a host folder has brought along. */
function hostMountsBelow(
  path: string,
  hostPath: string | undefined,
  mounted: readonly HostMount[],
): readonly MountEntry[] {
  if (hostPath === undefined || path.startsWith('/proc') || path.startsWith('/sys')) return [];
  return mountsBelow(hostPath, mounted).map((mount) =>
    remountReadOnly(path + mount.target.slice(hostPath.length), lockedFlags(mount)),
  );
}

const keptFlags = ({ options }: MountEntry): readonly string[] => options.filter((option) => option === 'noexec');

/** Something empty in place of a file. */
export const emptyFile = (path: string): MountEntry => bindFile('/dev/null', path, ['ro', 'nosuid', 'noexec']);

/** mount(8) passes over a tmpfs of a name that is mounted there already. */
export const emptyFolder = (target: string): MountEntry => ({
  source: 'mask',
  target,
  type: 'tmpfs',
  options: ['ro', 'nosuid', 'nodev', 'noexec', 'size=4k'],
});
