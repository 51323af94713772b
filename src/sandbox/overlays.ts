import { join } from 'node:path';
import type { MountEntry } from './mounts.ts';
import { layerWord } from './script/quote.ts';

/** A folder of the host whose changes go into a layer of the sandbox's own. */
export interface Overlay {
  readonly lower: string;
  /** What the plan has seen there. */
  readonly seen: string;
  /** Where it appears inside; `/` is the root file system. */
  readonly target: string;
}

/** Folders that the overlays of a sandbox need: for each an upper and a work folder. */
export function overlayFolders(overlays: readonly Overlay[], layers: string): readonly string[] {
  if (overlays.length === 0) return [];
  const own = overlays.map((_, index) => join(layers, String(index)));
  return [layers, ...own.flatMap((path) => [path, join(path, 'upper'), join(path, 'work')])];
}

/** An overlay mount (the kernel's overlayfs.rst); `index` is that of its folder in `layers`. */
export function overlayMount({ lower, seen, target }: Overlay, index: number, layers: string): MountEntry {
  const own = (name: string): string => layerWord(join(layers, String(index), name));
  const parts = [`lowerdir=${layerWord(lower, seen)}`, `upperdir=${own('upper')}`, `workdir=${own('work')}`];
  return { source: 'overlay', target, type: 'overlay', options: [...parts, 'userxattr', 'nosuid', 'nodev'] };
}
