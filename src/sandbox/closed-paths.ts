import { mountAround, mountsBelow, type HostMount } from '../host/mounts.ts';
import { foldersBetween, isWithin } from '../host/paths.ts';
import { fail } from '../model/problem.ts';
import type { Profile } from '../model/profile.ts';
import { bindFile, isReadOnly, NO_MOUNTS, remountReadOnly, type MountEntry, type MountPlan } from './mounts.ts';
import { bindInPlace, lockedFlags } from './trees.ts';
import { findInside, type Found, type World } from './whats-inside.ts';

/**
 * What the profile hides and what it closes, over all that is mounted.
 * @throws ProblemError `maskedPathMissing` where it could be made later, `mountTargetRefused` for a symbolic link.
 */
export function closedPaths(profile: Profile, world: World, mounted: readonly HostMount[]): MountPlan {
  const masked = maskedBy(profile);
  const around = foldersAround([...masked, ...profile.readOnlyPaths], masked, world, mounted);
  return {
    ...NO_MOUNTS,
    second: [...around, ...masked.flatMap((path) => mask(path, world))],
    last: profile.readOnlyPaths
      .filter((path) => !isHidden(path, masked))
      .flatMap((path) => readOnly(path, { masked, around, world, mounted })),
  };
}

/** Nothing can be mounted below what a mask covers, or need be. */
function isHidden(path: string, masked: readonly string[]): boolean {
  return masked.some((mask) => isWithin(path, mask));
}

/** What can be written to around a closed path could be renamed away together with it, but for mounts (rename(2), EBUSY). */
function foldersAround(
  closed: readonly string[],
  masked: readonly string[],
  world: World,
  mounted: readonly HostMount[],
): readonly MountEntry[] {
  const folders = closed.flatMap((path) => {
    const { kind, mount, hostPath } = findInside(path, world);
    if (kind === 'never' || !isWritable(mount, world)) return [];
    return foldersBetween(mount?.target ?? '/', path)
      .map((folder) => ({ folder, above: hostPath?.slice(0, folder.length - path.length) }))
      .filter(({ folder, above }) => !isHidden(folder, masked) && !isReadOnlyOutside(above, mounted))
      .map(({ folder, above }) => bindItself(folder, mount, 'rw', { hostPath: above, mounted }));
  });
  return [...new Map(folders.map((entry) => [entry.target, entry])).values()].sort(byTarget);
}

/** Nobody can write there then. */
function isReadOnlyOutside(hostPath: string | undefined, mounted: readonly HostMount[]): boolean {
  return hostPath !== undefined && mountAround(hostPath, mounted)?.options.includes('ro') === true;
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
  const own =
    there === undefined
      ? bindItself(path, mount, 'ro', { hostPath, mounted })
      : remountReadOnly(path, keptFlags(there));
  const below = [...world.mounts.first, ...world.mounts.second, ...around]
    .filter((entry) => entry.target !== path && isWithin(entry.target, path) && !isReadOnly(entry))
    .filter((entry) => !isHidden(entry.target, masked))
    .map((entry) => remountReadOnly(entry.target, keptFlags(entry)));
  const outside = hostMountsBelow(path, hostPath, mounted).filter((entry) => !isHidden(entry.target, masked));
  return [own, ...below, ...outside];
}

function findKnown(path: string, world: World): Found {
  const found = findInside(path, world);
  if (found.kind === 'missing') fail('maskedPathMissing', { path });
  return found;
}

/** Where it is on the host, if it is somewhere. */
interface Outside {
  readonly hostPath: string | undefined;
  readonly mounted: readonly HostMount[];
}

function bindItself(
  path: string,
  mount: MountEntry | undefined,
  access: 'ro' | 'rw',
  { hostPath, mounted }: Outside,
): MountEntry {
  const isOfHost = mount?.type === 'none' && hostPath !== undefined;
  const { options, from } = bindInPlace(hostPath ?? path, access, isOfHost ? mounted : []);
  const kept = mount === undefined ? [] : keptFlags(mount);
  return { source: path, inside: true, target: path, type: 'none', options: [...new Set([...options, ...kept])], from };
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
