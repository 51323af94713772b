import { foldersBetween, isWithin } from '../host/paths.ts';
import { fail } from '../model/problem.ts';
import type { Profile } from '../model/profile.ts';
import {
  bindFile,
  bindItself,
  isReadOnly,
  NO_MOUNTS,
  remountTreeReadOnly,
  type MountEntry,
  type MountPlan,
} from './mounts.ts';
import { findInside, type Found, type World } from './whats-inside.ts';

/**
 * What the profile hides and what it closes, over all that is mounted.
 * @throws ProblemError `maskedPathMissing` where it could be made later, `mountTargetRefused` for a symbolic link.
 */
export function closedPaths(profile: Profile, world: World): MountPlan {
  const masked = maskedBy(profile);
  const around = foldersAround([...masked, ...profile.readOnlyPaths], masked, world);
  return {
    ...NO_MOUNTS,
    second: [...around, ...masked.flatMap((path) => mask(path, world))],
    last: profile.readOnlyPaths
      .filter((path) => !isHidden(path, masked))
      .flatMap((path) => readOnly(path, around, world)),
  };
}

/** Nothing can be mounted below what a mask covers, or need be. */
function isHidden(path: string, masked: readonly string[]): boolean {
  return masked.some((mask) => isWithin(path, mask));
}

/** What can be written to around a closed path could be renamed away together with it, but for mounts (rename(2), EBUSY). */
function foldersAround(closed: readonly string[], masked: readonly string[], world: World): readonly MountEntry[] {
  const folders = closed.flatMap((path) => {
    const { kind, mount } = findInside(path, world);
    if (kind === 'never' || !isWritable(mount, world)) return [];
    return foldersBetween(mount?.target ?? '/', path)
      .filter((folder) => !isHidden(folder, masked))
      .map((folder) => bindItself(folder, 'rw', keptFlags(mount)));
  });
  return [...new Map(folders.map((entry) => [entry.target, entry])).values()].sort(byTarget);
}

function isWritable(mount: MountEntry | undefined, { foreign, mounts: { last } }: World): boolean {
  if (mount !== undefined) return !isReadOnly(mount) && mount.type !== 'proc' && mount.type !== 'sysfs';
  return foreign && !last.some((entry) => entry.target === '/' && isReadOnly(entry));
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

/** A path and all that is mounted below it, where what is masked stays masked. */
function readOnly(path: string, around: readonly MountEntry[], world: World): readonly MountEntry[] {
  const { kind, mount } = findKnown(path, world);
  if (kind === 'never') return [];
  const isMount = mount?.target === path || around.some(({ target }) => target === path);
  return [isMount ? remountTreeReadOnly(path) : bindItself(path, 'ro', keptFlags(mount))];
}

function findKnown(path: string, world: World): Found {
  const found = findInside(path, world);
  if (found.kind === 'missing') fail('maskedPathMissing', { path });
  return found;
}

const keptFlags = (mount: MountEntry | undefined): readonly string[] =>
  mount?.options.filter((option) => option === 'noexec') ?? [];

/** Something empty in place of a file. */
export const emptyFile = (path: string): MountEntry => bindFile('/dev/null', path, ['ro', 'nosuid', 'noexec']);

/** Something empty in place of a folder. */
export const emptyFolder = (target: string): MountEntry => ({
  source: 'mask',
  target,
  type: 'tmpfs',
  options: ['ro', 'nosuid', 'nodev', 'noexec', 'size=4k'],
});
