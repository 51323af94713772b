import { landlockVersion, NEEDED_LANDLOCK } from '../host/landlock.ts';
import { fail } from '../model/problem.ts';
import type { Landlock } from '../model/profile.ts';
import { findInside, type World } from './whats-inside.ts';

/** The access rights of landlock(7) to files (include/uapi/linux/landlock.h); those of the second list mean folders alone. */
const RIGHT = {
  execute: 1 << 0,
  writeFile: 1 << 1,
  readFile: 1 << 2,
  readFolder: 1 << 3,
  truncate: 1 << 14,
} as const;
const READ = { any: RIGHT.execute | RIGHT.readFile, folder: RIGHT.readFolder };
/** Removing, making, and moving into another folder: bits 4 to 13. */
const WRITE = { any: RIGHT.writeFile | RIGHT.truncate, folder: 0b11_1111_1111 << 4 };
const ALL = READ.any | READ.folder | WRITE.any | WRITE.folder;

/** What a terminal is made of. */
const TERMINAL = '/dev';

/** The rules of a profile: the rights that are taken away, and those that are given below each path. */
export interface LandlockPlan {
  readonly handled: number;
  readonly rules: readonly { readonly rights: number; readonly path: string }[];
}

/**
 * The rules that a profile asks for. What is needed to become a terminal is allowed beside them.
 * @throws ProblemError `landlockPathMissing`, `mountTargetRefused`, `landlockUnavailable`.
 */
export async function planLandlock(landlock: Landlock | undefined, world: World): Promise<LandlockPlan | undefined> {
  if (landlock === undefined) return undefined;
  await requireLandlock();
  return landlockRules(landlock, world);
}

/** @throws ProblemError `landlockPathMissing`, `mountTargetRefused`. */
export function landlockRules({ readOnly, readWrite }: Landlock, world: World): LandlockPlan {
  const rules = [
    { path: TERMINAL, rights: ALL },
    ...readOnly.map((path) => ({ path, rights: isFolder(path, world) ? READ.any | READ.folder : READ.any })),
    ...readWrite.map((path) => ({ path, rights: isFolder(path, world) ? ALL : READ.any | WRITE.any })),
  ];
  return { handled: ALL, rules };
}

/** The kernel refuses a right of folders for a file. */
function isFolder(path: string, world: World): boolean {
  if (path === '/') return true;
  const { kind } = findInside(path, world);
  if (kind === 'missing' || kind === 'never') fail('landlockPathMissing', { path });
  return kind === 'folder';
}

/** @throws ProblemError `landlockUnavailable` where the kernel has none, or an older one. */
async function requireLandlock(): Promise<void> {
  const { version, reason } = await landlockVersion();
  if (version >= NEEDED_LANDLOCK) return;
  const fix =
    version === 0
      ? 'Enable Landlock in the kernel: lsm=landlock,… (landlock(7)).'
      : 'It needs Linux 6.2 or newer. Or take "landlock" out of the profile.';
  fail('landlockUnavailable', { reason: version === 0 ? reason : `the kernel has version ${version} of it`, fix });
}
