import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { makeOpenFolder } from '../state/folders.ts';
import { SHIFTED_BASE, type IdPlan } from './ids.ts';
import type { Link, MountEntry, MountPlan } from './mounts.ts';
import { layerWord, shellWord, shellWords } from './script/quote.ts';

/**
 * What the `host` root is made of before anything is mounted on it: folders, empty files and links. It is seen through an
 * overlay without an upper layer, which nobody can make writable, so that sandboxes of the same mounts share one, and
 * everything is mounted in one go.
 */
export interface BareRoot {
  /** Where it lies, named by what it holds. */
  readonly folder: string;
  readonly folders: readonly string[];
  readonly files: readonly string[];
  readonly links: readonly Link[];
}

/** The bare root itself, and an empty folder, because an overlay without an upper layer takes no fewer than two. */
export const BARE_LAYERS = ['root', 'none'] as const;

/** The mount of a bare root that is not known yet (the kernel's overlayfs.rst). */
export const BARE_ROOT: MountEntry = {
  source: 'overlay',
  target: '/',
  type: 'overlay',
  options: ['userxattr', 'ro', 'nosuid', 'nodev'],
};

/**
 * Divides a plan: what stands on the bare root itself, and what can only be made once something is mounted around it.
 * `around` is the folder of all bare roots.
 */
export function splitBareRoot(
  plan: MountPlan,
  around: string,
  ids: IdPlan,
): { readonly bare: BareRoot; readonly mounts: MountPlan } {
  const entries = [...plan.first, ...plan.second];
  const isBare = (path: string): boolean => !entries.some(({ target }) => path.startsWith(`${target}/`));
  const isLater = (path: string): boolean => !isBare(path);
  const files = plan.files.filter(isBare);
  const links = plan.links.filter(({ path }) => isBare(path));
  const targets = entries.map(({ target }) => target).filter((target) => !plan.files.includes(target));
  const folders = [
    ...targets,
    ...plan.folders,
    ...[...files, ...links.map(({ path }) => path)].map((path) => dirname(path)),
  ].filter(isBare);
  const parts = {
    folders: [...new Set(folders)],
    files,
    links,
  };
  const folder = join(around, nameOf(parts, ids));
  return {
    bare: { folder, ...parts },
    mounts: {
      ...plan,
      first: plan.first.map((entry) => (entry === BARE_ROOT ? bareRootMount(folder) : entry)),
      links: plan.links.filter(({ path }) => isLater(path)),
      folders: plan.folders.filter(isLater),
      files: plan.files.filter(isLater),
    },
  };
}

function nameOf(parts: Omit<BareRoot, 'folder'>, { kind }: IdPlan): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, parts]))
    .digest('hex')
    .slice(0, 16);
}

export function bareRootMount(folder: string): MountEntry {
  const lower = BARE_LAYERS.map((name) => layerWord(join(folder, name))).join(':');
  return { ...BARE_ROOT, options: [`lowerdir=${lower}`, ...BARE_ROOT.options] };
}

/** Makes a bare root, owned by who is root inside, unless it is there; whoever sees it sees it whole. */
export function makeBareRoot(bare: BareRoot, ids: IdPlan): void {
  if (existsSync(bare.folder)) {
    const now = new Date();
    utimesSync(bare.folder, now, now);
    return;
  }
  makeOpenFolder(dirname(bare.folder));
  const partial = `${bare.folder}.${randomBytes(4).toString('hex')}`;
  fill(partial, bare, ids);
  try {
    renameSync(partial, bare.folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(bare.folder)) throw error; // else another has just made the same one
  }
}

function fill(folder: string, { folders, files, links }: BareRoot, ids: IdPlan): void {
  const [root, none] = BARE_LAYERS.map((name) => join(folder, name)) as [string, string];
  const made = new Set([folder, root, none]);
  for (const path of ['/', ...folders]) {
    for (let part = path; part !== '/'; part = dirname(part)) made.add(join(root, part));
    mkdirSync(join(root, path), { recursive: true, mode: 0o755 });
  }
  mkdirSync(none);
  for (const path of files) writeFileSync(join(root, path), '', { mode: 0o644 });
  for (const { path, to } of links) symlinkSync(to, join(root, path));
  for (const path of made) {
    chmodSync(path, 0o755); // whatever the umask is
    if (ids.kind === 'shifted') chownSync(path, SHIFTED_BASE, SHIFTED_BASE);
  }
}

/** Removes the bare roots that no sandbox stands on, but for those that one may be about to use. */
export function removeUnusedBareRoots(around: string, inUse: ReadonlySet<string | undefined>): void {
  if (!existsSync(around)) return;
  for (const folder of readdirSync(around).map((name) => join(around, name))) {
    const usedAt = statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (!inUse.has(folder) && Date.now() - usedAt > 60_000) rmSync(folder, { recursive: true, force: true });
  }
}

/** The same by hand, as lines of sh(1) that run in the sandbox's folder, in which the bare root lies then. */
export function bareRootCommands({ folder, folders, files, links }: BareRoot): readonly string[] {
  const relative = (path: string): string => `.${path}`;
  return [
    `mkdir -p ${shellWords(BARE_LAYERS.map((name) => join(folder, name)))}; cd ${shellWord(join(folder, BARE_LAYERS[0]))}`,
    `mkdir -p ${shellWords(folders.map(relative))}`,
    ...(files.length > 0 ? [`for file in ${shellWords(files.map(relative))}; do : >"$file"; done`] : []),
    ...links.map(({ path, to }) => `ln -s ${shellWord(to)} ${shellWord(relative(path))}`),
    'cd "$folder"',
  ];
}
