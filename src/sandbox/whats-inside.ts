import { lstatSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { isWithin } from '../host/paths.ts';
import { fail } from '../model/problem.ts';
import { isReadOnly, type MountEntry, type MountPlan } from './mounts.ts';
import type { Overlay } from './overlays.ts';

/** What will be inside, as far as it is known before anything is mounted. */
export interface World {
  readonly mounts: MountPlan;
  readonly overlays: readonly Overlay[];
  readonly foreign: boolean;
}

/** `missing`: nothing, but something could be made there · `never`: nothing, and nothing can be. */
export type Kind = 'file' | 'folder' | 'missing' | 'never';

/** A path inside: what is there, and the mount that it is on. */
export interface Found {
  readonly kind: Kind;
  readonly mount: MountEntry | undefined;
}

/**
 * Looks at a path inside before it exists.
 * @throws ProblemError `mountTargetRefused` for a symbolic link, which would lead a mount to somewhere else.
 */
export function findInside(path: string, world: World): Found {
  const mount = mountOf(path, world.mounts);
  const base = baseOf(mount, world);
  if (base === undefined) return { kind: knownKind(path, mount, world), mount };
  const above = mount === undefined || mount.target === '/' ? '' : mount.target;
  const kind = kindAt(base, above, path.slice(above.length)) ?? (canAppear(mount, world) ? 'missing' : 'never');
  return { kind, mount };
}

/** The last one on the longest target; what a recursive bind has brought along is part of it. */
function mountOf(path: string, { first, second }: MountPlan): MountEntry | undefined {
  const mounts = [...first, ...second].filter(({ options }) => !options.includes('remount'));
  const around = mounts.filter(({ target }) => isWithin(path, target));
  const deepest = Math.max(...around.map(({ target }) => target.length));
  return around.findLast(({ target }) => target.length === deepest);
}

/** The folder or file of the host that a mount shows; undefined where it begins empty. */
function baseOf(mount: MountEntry | undefined, { overlays, foreign }: World): string | undefined {
  const overlay = overlays.find(({ target }) => target === (mount?.target ?? '/'));
  if (mount === undefined || mount.target === '/') return foreign ? overlay?.lower : undefined;
  if (mount.type === 'overlay') return overlay?.lower;
  if (mount.type === 'proc' || mount.type === 'sysfs') return mount.target;
  return mount.type === 'none' && mount.inside !== true ? mount.source : undefined;
}

/** What a fresh mount, or the bare root, will hold because the plan puts it there. */
function knownKind(path: string, mount: MountEntry | undefined, { mounts }: World): Kind {
  const { first, second, folders, files } = mounts;
  if (files.includes(path)) return 'file';
  const made = [...first, ...second].map(({ target }) => target);
  if ([...made, ...folders, ...files].some((other) => isWithin(other, path))) return 'folder';
  return mount === undefined || mount.target === '/' ? 'never' : 'missing';
}

function kindAt(base: string, above: string, rest: string): 'file' | 'folder' | undefined {
  let stat: Stats | undefined = statSync(base, { throwIfNoEntry: false });
  let walked = '';
  for (const part of rest.split('/').filter((name) => name !== '')) {
    walked = join(walked, '/', part);
    stat = lstatSync(base + walked, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink())
      fail('mountTargetRefused', { target: above + walked, reason: 'it is a symbolic link: name what it leads to' });
    if (stat === undefined) return undefined;
  }
  return stat?.isDirectory() === true ? 'folder' : 'file';
}

/** The kernel's own folders get nothing from inside, and a root file system that is closed belongs to the sandbox alone. */
function canAppear(mount: MountEntry | undefined, { mounts }: World): boolean {
  if (mount?.type === 'proc' || mount?.type === 'sysfs') return false;
  const isRoot = mount === undefined || mount.target === '/';
  return !(isRoot && mounts.last.some((entry) => entry.target === '/' && isReadOnly(entry)));
}
