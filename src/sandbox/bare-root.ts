import { chmodSync, chownSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SHIFTED_BASE, type IdPlan } from './ids.ts';
import type { MountEntry, MountPlan } from './mounts.ts';
import { shellWord, shellWords } from './quote.ts';

/**
 * What the `host` root is made of before anything is mounted on it: folders, empty files and links. It is seen through an
 * overlay without an upper layer, which nobody can make writable, and everything is mounted in one go.
 */
export interface BareRoot {
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly links: readonly { readonly path: string; readonly to: string }[];
}

/** Folders of a sandbox: the bare root, and an empty one, because an overlay without an upper layer takes no fewer than two. */
export const BARE_FOLDERS = ['bare', 'none'] as const;

/** Divides a plan: what stands on the bare root itself, and what can only be made once something is mounted around it. */
export function splitBareRoot(plan: MountPlan): { readonly bare: BareRoot; readonly mounts: MountPlan } {
  const entries = [...plan.first, ...plan.second];
  const isBare = (path: string): boolean => !entries.some(({ target }) => path.startsWith(`${target}/`));
  const isLater = (path: string): boolean => !isBare(path);
  const files = plan.files.filter(isBare);
  const links = plan.links.filter(isBare);
  const targets = entries.map(({ target }) => target).filter((target) => !plan.files.includes(target));
  const folders = [...targets, ...plan.folders, ...[...files, ...links].map((path) => dirname(path))].filter(isBare);
  return {
    bare: { folders: [...new Set(folders)], files, links: links.map((path) => ({ path, to: readlinkSync(path) })) },
    mounts: {
      ...plan,
      links: plan.links.filter(isLater),
      folders: plan.folders.filter(isLater),
      files: plan.files.filter(isLater),
    },
  };
}

/** The mount of the bare root (the kernel's overlayfs.rst); the folder's path holds no comma and no colon. */
export function bareRootMount(folder: string): MountEntry {
  const lower = BARE_FOLDERS.map((name) => join(folder, name)).join(':');
  const options = [`lowerdir=${lower}`, 'userxattr', 'ro', 'nosuid', 'nodev'];
  return { source: 'overlay', target: '/', type: 'overlay', options };
}

/** Makes the bare root, owned by who is root inside. */
export function makeBareRoot(folder: string, { folders, files, links }: BareRoot, ids: IdPlan): void {
  const root = join(folder, BARE_FOLDERS[0]);
  const made = new Set<string>();
  for (const path of folders) {
    for (let part = path; part !== '/'; part = dirname(part)) made.add(join(root, part));
    mkdirSync(join(root, path), { recursive: true, mode: 0o755 });
  }
  for (const path of files) writeFileSync(join(root, path), '', { mode: 0o644 });
  for (const { path, to } of links) symlinkSync(to, join(root, path));
  for (const path of [root, ...made]) {
    chmodSync(path, 0o755); // whatever the umask is
    if (ids.kind === 'shifted') chownSync(path, SHIFTED_BASE, SHIFTED_BASE);
  }
}

/** The same by hand, as lines of sh(1) that run in the folder of the bare root. */
export function bareRootCommands({ folders, files, links }: BareRoot): readonly string[] {
  const relative = (path: string): string => `.${path}`;
  return [
    `mkdir -p ${shellWords(folders.map(relative))}`,
    ...(files.length > 0 ? [`for file in ${shellWords(files.map(relative))}; do : >"$file"; done`] : []),
    ...links.map(({ path, to }) => `ln -s ${shellWord(to)} ${shellWord(relative(path))}`),
  ];
}
