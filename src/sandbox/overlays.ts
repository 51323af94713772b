import { join } from 'node:path';
import type { MountEntry } from './mounts.ts';

/** A folder of the host whose changes go into a layer of the sandbox's own. */
export interface Overlay {
  readonly lower: string;
  /** Where it appears inside; `/` is the root file system. */
  readonly target: string;
}

/** The layers of a sandbox are bound here, and each lower folder beside it: commas and colons separate overlay options. */
const LAYERS = 'layers';

/** Folders that the overlays of a sandbox need: plain names in its folder, and for each an upper and a work folder. */
export function overlayFolders(overlays: readonly Overlay[], folder: string, layers: string): readonly string[] {
  if (overlays.length === 0) return [];
  const lowers = overlays.map((_, index) => join(folder, lowerName(index)));
  const own = overlays.map((_, index) => join(layers, String(index)));
  return [
    ...[join(folder, LAYERS), ...lowers, layers],
    ...own.flatMap((path) => [path, join(path, 'upper'), join(path, 'work')]),
  ];
}

/** The binds to plain names, to be mounted before the overlays. */
export function overlayBinds(overlays: readonly Overlay[], layers: string): readonly MountEntry[] {
  if (overlays.length === 0) return [];
  const bind = (source: string, target: string, how: string): MountEntry => {
    return { source, target, aside: true, type: 'none', options: [how, 'nosuid', 'nodev'] };
  };
  return [bind(layers, LAYERS, 'bind'), ...overlays.map(({ lower }, index) => bind(lower, lowerName(index), 'bind'))];
}

/** An overlay mount (the kernel's overlayfs.rst). The path of the sandbox's folder holds no comma and no colon. */
export function overlayMount({ target }: Overlay, index: number, folder: string): MountEntry {
  const layer = join(folder, LAYERS, String(index));
  const parts = [`lowerdir=${join(folder, lowerName(index))}`, `upperdir=${layer}/upper`, `workdir=${layer}/work`];
  const options = [...parts, 'userxattr', 'nosuid', 'nodev', 'X-mount.mkdir'];
  return { source: 'overlay', target, type: 'overlay', options };
}

const lowerName = (index: number): string => `lower${index}`;
