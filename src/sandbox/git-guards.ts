import { isAbsolute, join, resolve } from 'node:path';
import { isBelow } from '../host/paths.ts';
import {
  atHome,
  configsElsewhere,
  configured,
  isFilledFolder,
  ledTo,
  nameIn,
  realOutside,
  refuse,
  statOf,
  type Configured,
} from './git-files.ts';

/** A path of a workspace that is read-only inside, because what stands there runs code outside. */
export interface Guard {
  readonly path: string;
  /** What is put there while it is missing; undefined where it may be missing, because then nothing refers to it. */
  readonly missing: 'folder' | 'file' | undefined;
  /** What such a file holds, so that git sees no difference. */
  readonly content?: string;
}

/** Who names more than so many can have it closed by nobody. */
const MOST = 2000;

/**
 * The paths of a workspace from which git takes what it runs (gitrepository-layout(5), git-config(1), gitmodules(5)): in .git, or
 * where a file of that name leads, and in what it has of submodules. A repository in a folder below that is no submodule is not
 * among them.
 * @param isFree tells of a path that nothing is there, or only what other sandboxes have put there.
 * @throws ProblemError `mountTargetRefused` for a link, which a sandbox could replace, and for what cannot be read.
 */
export function gitGuards(workspace: string, isFree: (path: string) => boolean): readonly Guard[] {
  const elsewhere = configsElsewhere();
  const all = [
    ...bareGuards(workspace, isFree),
    ...ownGuards(join(workspace, '.git'), workspace, isFree),
    ...elsewhere.map((path): Guard => ({ path, missing: 'file' })),
    ...namedIn(configured(elsewhere), workspace),
  ];
  const inside = all
    .map((guard) => ({ ...guard, path: realOutside(guard.path, workspace) }))
    .filter(({ path }) => path === workspace || isBelow(path, workspace));
  if (inside.some(({ path }) => path === workspace)) refuse(workspace, 'a configuration of git names it for hooks');
  if (inside.length > MOST) refuse(workspace, `git is led to more than ${MOST} places in it`);
  return inside;
}

function ownGuards(dot: string, workspace: string, isFree: (path: string) => boolean): readonly Guard[] {
  // Without a repository it is .git itself that must not be made.
  if (isFree(dot)) return [{ path: dot, missing: 'folder' }];
  const stat = statOf(dot);
  if (stat?.isSymbolicLink() === true) refuse(dot, 'it is a symbolic link, which a sandbox could replace');
  const isFolder = stat?.isDirectory() === true;
  const first = isFolder ? dot : ledTo(dot, 'gitdir: ');
  const folders = new Set([first, ledTo(join(first, 'commondir'), '')].filter((folder) => folder !== ''));
  const led = [...folders].map((folder) => realOutside(folder, workspace));
  const file: Guard[] = isFolder ? [] : [{ path: dot, missing: undefined }];
  return [...file, ...led.flatMap((folder) => folderGuards(folder, workspace, workspace))];
}

/** A folder that holds all of these is a repository itself, where it has no other one that is whole (gitrepository-layout(5)). */
const OF_REPOSITORY = ['refs', 'objects', 'HEAD'];

/** One that is missing is enough, as a file that is no folder; HEAD would be in the way of those who write that name. */
function bareGuards(workspace: string, isFree: (path: string) => boolean): readonly Guard[] {
  const missing = OF_REPOSITORY.map((name) => join(workspace, name)).find(isFree);
  return missing === undefined ? folderGuards(workspace, workspace, workspace) : [{ path: missing, missing: 'file' }];
}

/**
 * Of a folder of git, which may lie outside, while what its configuration names lies in the workspace.
 * @param tree top of its working tree, where hooks run
 */
function folderGuards(folder: string, tree: string, workspace: string): readonly Guard[] {
  if (isBelow(folder, workspace) && statOf(folder)?.isDirectory() !== true)
    refuse(folder, 'git is led there, and it is no folder');
  const own = configured(configsOf(folder));
  // In a submodule that file is not closed.
  const modules = tree === workspace ? configured([join(workspace, '.gitmodules')]) : undefined;
  return [
    { path: join(folder, 'hooks'), missing: 'folder' },
    ...configsOf(folder).map((path): Guard => ({ path, missing: 'file' })),
    // It names another folder with another configuration; this one says "here", as none does.
    { path: join(folder, 'commondir'), missing: 'file', content: '.\n' },
    // Of other working trees, which are outside.
    { path: join(folder, 'worktrees'), missing: undefined },
    ...namedIn(own, tree),
    ...[...submodulesIn({ own, modules, folder, tree })].flatMap(([name, paths]) =>
      (paths.size > 0 ? [...paths] : [undefined]).flatMap((path) =>
        submoduleGuards(join(folder, 'modules', name), path && join(tree, path), workspace),
      ),
    ),
  ];
}

const configsOf = (folder: string): readonly string[] =>
  ['config', 'config.worktree'].map((name) => join(folder, name));

function worktreeOf(folder: string): string | undefined {
  const { entries } = configured(configsOf(folder));
  const said = entries.findLast(({ section, key }) => section === 'core' && key === 'worktree');
  return said && resolve(folder, nameIn(folder, said.value));
}

/** The folders of hooks and the further files that a configuration names. */
function namedIn({ included, entries }: Configured, tree: string): readonly Guard[] {
  const hooks = entries.filter(
    ({ section, key, value }) => section === 'core' && key === 'hookspath' && value.length > 0,
  );
  return [
    ...included.map((path): Guard => ({ path, missing: 'file' })),
    ...hooks.map(({ value }): Guard => ({ path: resolve(tree, atHome(nameIn(tree, value))), missing: 'folder' })),
  ];
}

/** Where submodules are named, and what their names and paths are below. */
interface Naming {
  readonly own: Configured;
  readonly modules: Configured | undefined;
  readonly folder: string;
  readonly tree: string;
}

/**
 * Paths by names, as files say that are closed: what a sandbox has made among the folders of git would say what it likes.
 * Their own configurations say the paths of those that have none here.
 */
function submodulesIn({ own, modules, folder, tree }: Naming): ReadonlyMap<string, ReadonlySet<string>> {
  const paths = new Map<string, Set<string>>();
  let count = 0;
  for (const { section, subsection, key, value } of [...own.entries, ...(modules?.entries ?? [])]) {
    if (section !== 'submodule' || subsection === undefined) continue;
    const name = nameIn(join(folder, 'modules'), subsection);
    if (!staysBelow(name)) continue;
    const known = paths.get(name) ?? new Set();
    paths.set(name, known);
    const path = key === 'path' ? nameIn(tree, value) : undefined;
    if (path === undefined || !staysBelow(path)) continue;
    known.add(path);
    if (++count > MOST) refuse(tree, `git is led to more than ${MOST} places in it`);
  }
  return paths;
}

/** git takes no others. */
const staysBelow = (path: string): boolean => !isAbsolute(path) && isBelow(join('/top', path), '/top');

/** Its folder, and what leads there from its working tree. Where they are missing, a sandbox must not make its own. */
function submoduleGuards(folder: string, path: string | undefined, workspace: string): readonly Guard[] {
  const tree = path ?? worktreeOf(folder);
  const own: readonly Guard[] =
    isBelow(folder, workspace) && !isFilledFolder(folder)
      ? [{ path: folder, missing: 'folder' }]
      : folderGuards(folder, tree ?? folder, workspace);
  if (tree === undefined) return own;
  const dot = join(tree, '.git');
  // An older git, or `git clone`, has made it where it is; everything else leads elsewhere.
  const led = isBelow(dot, workspace) && isFilledFolder(dot) ? folderGuards(dot, tree, workspace) : [];
  return [...own, ...(led.length > 0 ? led : [{ path: dot, missing: 'folder' } as const])];
}
