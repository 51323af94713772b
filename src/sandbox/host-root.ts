import { lstatSync, readlinkSync } from 'node:fs';
import { BARE_ROOT } from './bare-root.ts';
import { bindFolder, NO_MOUNTS, type MountPlan } from './mounts.ts';

/** The machine's own system; everything else of the machine does not exist inside. */
const SYSTEM_FOLDERS = ['/usr', '/etc', '/opt'] as const;

/** Links into /usr on a merged system, folders on an older one (hier(7)). */
const USR_ALIASES = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'] as const;

/** The `host` root: a bare root with the machine's system folders, read-only all the way down. */
export function hostRoot(): MountPlan {
  const folders = [...SYSTEM_FOLDERS, ...USR_ALIASES].filter((path) => kindOf(path) === 'folder');
  return {
    ...NO_MOUNTS,
    first: [BARE_ROOT, ...folders.map((path) => bindFolder(path, path, 'ro'))],
    links: USR_ALIASES.filter((path) => kindOf(path) === 'link').map((path) => ({ path, to: readlinkSync(path) })),
  };
}

function kindOf(path: string): 'folder' | 'link' | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink()) return 'link';
  return stat?.isDirectory() ? 'folder' : undefined;
}
