import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fail } from '../model/problem.ts';
import { homeFolder } from '../state/folders.ts';

/** A path of a workspace that is read-only inside, because what stands there runs code outside. */
export interface Guard {
  readonly path: string;
  /** What is put there while it is missing; undefined where it may be missing, because then nothing refers to it. */
  readonly missing: 'folder' | 'file' | undefined;
  /** What such a file holds, so that git sees no difference. */
  readonly content?: string;
}

/**
 * The paths of a workspace from which git takes what it runs (gitrepository-layout(5), git-config(1)): in .git, or where a file
 * of that name leads, and in what it has of submodules. A repository in a folder below that is no submodule is not among them.
 * @param isFree tells of a path that nothing is there, or only what other sandboxes have put there.
 * @throws ProblemError `mountTargetRefused` for a link, which a sandbox could replace.
 */
export function gitGuards(workspace: string, isFree: (path: string) => boolean): readonly Guard[] {
  const dot = join(workspace, '.git');
  // Without a repository it is .git itself that must not be made.
  if (isFree(dot)) return [{ path: dot, missing: 'folder' }];
  const stat = statOf(dot);
  if (stat?.isSymbolicLink() === true) refuse(dot, 'it is a symbolic link, which a sandbox could replace');
  const isFolder = stat?.isDirectory() === true;
  const folders = isFolder ? [dot] : [target(dot, /^gitdir: (.*)$/m)];
  const led = [...folders, ...folders.map((folder) => target(join(folder, 'commondir'), /^(.+)$/m))];
  const all: readonly Guard[] = [
    ...(isFolder ? [] : [{ path: dot, missing: undefined }]),
    ...[...new Set(led)]
      .filter((folder) => folder !== '')
      .flatMap((folder) => folderGuards(folder, workspace, workspace)),
    ...configsElsewhere().flatMap((config) => [
      { path: realPath(config), missing: undefined },
      ...namedIn(config, workspace, workspace),
    ]),
  ];
  return all.filter(({ path }) => isBelow(path, workspace));
}

/**
 * Of a folder of git, which may lie outside, while what its configuration names lies in the workspace.
 * @param tree top of the working tree that it belongs to
 */
function folderGuards(folder: string, tree: string, workspace: string): readonly Guard[] {
  if (isBelow(folder, workspace) && statOf(folder)?.isDirectory() !== true)
    refuse(folder, 'git is led there, and it is no folder');
  const configs = ['config', 'config.worktree'].map((name) => join(folder, name));
  return [
    { path: join(folder, 'hooks'), missing: 'folder' },
    ...configs.map((path): Guard => ({ path, missing: 'file' })),
    // It names another folder with another configuration; this one says "here", as none does.
    { path: join(folder, 'commondir'), missing: 'file', content: '.\n' },
    // Of other working trees, which are outside.
    { path: join(folder, 'worktrees'), missing: undefined },
    ...configs.flatMap((config) => namedIn(config, tree, workspace)),
    ...submodulesIn(join(folder, 'modules')).flatMap((submodule) => submoduleGuards(submodule, workspace)),
  ];
}

/** Its folder, and the file in its working tree that leads there. */
function submoduleGuards(folder: string, workspace: string): readonly Guard[] {
  if (statOf(folder)?.isSymbolicLink() === true) return [{ path: folder, missing: undefined }];
  const worktree = /^[ \t]*worktree[ \t]*=[ \t]*(.*)$/im.exec(read(join(folder, 'config')))?.[1];
  const tree = worktree === undefined ? workspace : resolve(folder, plainValue(worktree));
  const led: readonly Guard[] = worktree === undefined ? [] : [{ path: join(tree, '.git'), missing: undefined }];
  return [...led, ...folderGuards(folder, tree, workspace)];
}

/** Folders of git, each below as many folders as there are slashes in its name, and links. */
function submodulesIn(folder: string): readonly string[] {
  if (statOf(folder)?.isDirectory() !== true) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => join(folder, name))
    .flatMap((path) => (statOf(join(path, 'HEAD')) || statOf(path)?.isSymbolicLink() ? [path] : submodulesIn(path)));
}

/** Where a file of git leads to, by the words that match in it; '' for nowhere. */
function target(file: string, pattern: RegExp): string {
  const path = pattern.exec(read(file))?.[1]?.trimEnd();
  return path === undefined ? '' : resolve(dirname(file), path);
}

/** The machine's, and the user's own. */
function configsElsewhere(): readonly string[] {
  const home = homeFolder();
  const own =
    home === ''
      ? []
      : [join(process.env.XDG_CONFIG_HOME ?? join(home, '.config'), 'git/config'), join(home, '.gitconfig')];
  return ['/etc/gitconfig', ...own];
}

/**
 * The folders of hooks and the further files that a configuration names, and those that such files name.
 * @param tree the folder that hooks run in
 */
function namedIn(config: string, tree: string, workspace: string, seen = new Set<string>()): readonly Guard[] {
  if (seen.has(config)) return [];
  seen.add(config);
  const named = [...read(config).matchAll(/(?:^|\])[ \t]*(hookspath|path)[ \t]*=[ \t]*(.*)$/gim)];
  return named.flatMap(([, key = '', value = '']): readonly Guard[] => {
    const isHooks = key.toLowerCase() === 'hookspath';
    const path = resolve(isHooks ? tree : dirname(config), atHome(plainValue(value)));
    if (path === workspace) refuse(config, 'it names the workspace itself for hooks');
    const guard: Guard = { path, missing: isHooks ? 'folder' : 'file' };
    return isHooks ? [guard] : [guard, ...namedIn(path, tree, workspace, seen)];
  });
}

const atHome = (path: string): string => (path.startsWith('~/') ? join(homeFolder(), path.slice(2)) : path);

const plainValue = (value: string): string =>
  value
    .replace(/[ \t][#;].*$/, '')
    .replaceAll('"', '')
    .trim();

export function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

export function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

export function refuse(path: string, reason: string): never {
  fail('mountTargetRefused', { target: path, reason });
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** A pipe would keep whoever reads it waiting. */
function read(file: string): string {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'utf8') : '';
  } catch {
    return '';
  }
}
