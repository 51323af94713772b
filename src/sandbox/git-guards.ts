import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fail } from '../model/problem.ts';

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
 * of that name leads. A repository made anew further down is not among them.
 * @throws ProblemError `mountTargetRefused` for a link, which a sandbox could replace.
 */
export function gitGuards(workspace: string): readonly Guard[] {
  const dot = join(workspace, '.git');
  const stat = statOf(dot);
  // Without a repository it is .git itself that must not be made.
  if (stat === undefined) return [{ path: dot, missing: 'folder' }];
  if (stat.isSymbolicLink()) refuse(dot, 'it is a symbolic link, which a sandbox could replace');
  const folders = stat.isDirectory() ? [dot] : [target(dot, /^gitdir: (.*)$/m)];
  const all = [...folders, ...folders.map((folder) => target(join(folder, 'commondir'), /^(.+)$/m))];
  const inside = [...new Set(all)].filter((folder) => folder !== '' && isBelow(folder, workspace));
  const file: Guard[] = stat.isDirectory() ? [] : [{ path: dot, missing: undefined }];
  return [...file, ...inside.flatMap((folder) => folderGuards(folder, workspace))];
}

function folderGuards(folder: string, workspace: string): readonly Guard[] {
  if (statOf(folder)?.isDirectory() !== true) refuse(folder, 'git is led there, and it is no folder');
  return [
    { path: join(folder, 'hooks'), missing: 'folder' },
    { path: join(folder, 'config'), missing: 'file' },
    { path: join(folder, 'config.worktree'), missing: 'file' },
    // It names another folder with another configuration; this one says "here", as none does.
    { path: join(folder, 'commondir'), missing: 'file', content: '.\n' },
    // Of other working trees, which are outside.
    { path: join(folder, 'worktrees'), missing: undefined },
    ...namedInConfig(join(folder, 'config'), workspace),
  ];
}

/** Where a file of git leads to, by the words that match in it; '' for nowhere. */
function target(file: string, pattern: RegExp): string {
  const path = pattern.exec(read(file))?.[1]?.trimEnd();
  return path === undefined ? '' : resolve(dirname(file), path);
}

/** The folder of hooks and the further files that a configuration names, if they are in the workspace. */
function namedInConfig(config: string, workspace: string): readonly Guard[] {
  return [...read(config).matchAll(/(?:^|\])[ \t]*(hookspath|path)[ \t]*=[ \t]*(.*)$/gim)]
    .map(([, key = '', value = '']): Guard => {
      const isHooks = key.toLowerCase() === 'hookspath';
      const path = value
        .replace(/[ \t][#;].*$/, '')
        .replaceAll('"', '')
        .trim();
      const base = isHooks ? workspace : dirname(config);
      return { path: isAbsolute(path) ? resolve(path) : resolve(base, path), missing: isHooks ? 'folder' : 'file' };
    })
    .filter(({ path }) => path === workspace || isBelow(path, workspace))
    .map((guard) => (guard.path === workspace ? refuse(config, 'it names the workspace itself for hooks') : guard));
}

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

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
