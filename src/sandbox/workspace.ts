import { lstatSync, mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostMount } from '../host/mounts.ts';
import type { Profile } from '../model/profile.ts';
import { fail } from '../model/problem.ts';
import { readOnlyTree } from './host-root.ts';
import type { IdPlan } from './ids.ts';
import { bindFolder, NO_MOUNTS, type MountEntry, type MountPlan } from './mounts.ts';

/** Folders and files of a workspace that run code outside on the user's behalf: never writable inside. */
const PROTECTED_FOLDERS = ['.vscode', '.idea', '.git/hooks'] as const;
const PROTECTED_FILES = ['.git/config', '.gitmodules', '.envrc', '.mcp.json'] as const;

export interface WorkspacePlan {
  readonly mounts: MountPlan;
  /** Empty files and folders to make in the workspace while the sandbox runs, so that it cannot make its own there. */
  readonly placeholders: readonly Placeholder[];
}

export interface Placeholder {
  readonly path: string;
  readonly kind: 'file' | 'folder';
}

/**
 * How the workspace is seen inside, at its own path.
 * @throws ProblemError `workspaceOwnedByRoot`, `workspaceUnreachable`, `mountTargetRefused` (a protected file is a link).
 */
export function planWorkspace(
  folder: string | undefined,
  access: Profile['workspace'],
  ids: IdPlan,
  mounts: readonly HostMount[],
): WorkspacePlan {
  if (folder === undefined || access === 'none') return { mounts: NO_MOUNTS, placeholders: [] };
  if (ids.kind === 'shifted') requireReachable(folder, access);
  if (access === 'ro')
    return { mounts: { ...NO_MOUNTS, first: readOnlyTree(folder, folder, mounts) }, placeholders: [] };
  return writableWorkspace(folder);
}

function writableWorkspace(folder: string): WorkspacePlan {
  const placeholders = missingProtected(folder);
  const willBeThere = [...presentProtected(folder), ...placeholders.map(({ path }) => path)];
  const gitFolder = join(folder, '.git');
  const ownGit = statOf(gitFolder)?.isDirectory() === true ? [bindOnto(gitFolder, false)] : [];
  return {
    // .git is a mount of its own so that it cannot be renamed away together with the mounts inside it.
    mounts: {
      ...NO_MOUNTS,
      first: [bindFolder(folder, folder, false)],
      second: [...ownGit, ...willBeThere.map((path) => bindOnto(path, true))],
    },
    placeholders,
  };
}

function presentProtected(folder: string): readonly string[] {
  const workspaceFiles = readdirSync(folder).filter((name) => name.endsWith('.code-workspace'));
  const gitFile = statOf(join(folder, '.git'))?.isFile() === true ? ['.git'] : [];
  return [...PROTECTED_FOLDERS, ...PROTECTED_FILES, ...workspaceFiles, ...gitFile]
    .map((name) => join(folder, name))
    .filter((path) => statOf(path) !== undefined)
    .map(refuseLink);
}

/** Without a repository it is .git itself that must not be made: its config would run code at the next `git status`. */
function missingProtected(folder: string): readonly Placeholder[] {
  const git = statOf(join(folder, '.git'));
  const inRepository = (name: string): boolean => !name.startsWith('.git/') || git?.isDirectory() === true;
  const folders = [...PROTECTED_FOLDERS.filter(inRepository), ...(git === undefined ? ['.git'] : [])];
  return [
    ...folders.map((name): Placeholder => ({ path: join(folder, name), kind: 'folder' })),
    ...PROTECTED_FILES.filter(inRepository).map((name): Placeholder => ({ path: join(folder, name), kind: 'file' })),
  ].filter(({ path }) => statOf(path) === undefined);
}

function refuseLink(path: string): string {
  for (const part of [path, dirname(path)]) {
    if (statOf(part)?.isSymbolicLink() === true) {
      fail('mountTargetRefused', { target: part, reason: 'it is a symbolic link, which a sandbox could replace' });
    }
  }
  return path;
}

function bindOnto(path: string, readOnly: boolean): MountEntry {
  const options = ['rbind', readOnly ? 'ro' : 'rw', 'nosuid', 'nodev'];
  return { source: path, target: path, type: 'none', options };
}

/** Makes the placeholders and returns those that were made. */
export function makePlaceholders(placeholders: readonly Placeholder[]): void {
  for (const { path, kind } of placeholders) {
    if (kind === 'folder') mkdirSync(path, { recursive: true });
    else writeFileSync(path, '', { flag: 'wx' });
  }
}

/** Removes placeholders that are still empty; one that somebody has filled since is theirs. */
export function removePlaceholders(placeholders: readonly Placeholder[]): void {
  for (const { path, kind } of placeholders) {
    try {
      if (kind === 'folder') rmdirSync(path);
      else if (statSync(path).size === 0) unlinkSync(path);
    } catch {
      // filled or gone: nothing of ours
    }
  }
}

function requireReachable(folder: string, access: 'rw' | 'ro'): void {
  if (access === 'rw') fail('workspaceOwnedByRoot', { path: folder });
  for (let path = folder; ; path = dirname(path)) {
    const needed = path === folder ? 0o005 : 0o001;
    if ((statSync(path).mode & needed) !== needed) fail('workspaceUnreachable', { path: folder, blockedBy: path });
    if (path === dirname(path)) return;
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
