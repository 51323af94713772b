import { lstatSync, mkdirSync, readFileSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { foldersBetween } from '../host/paths.ts';
import type { Profile } from '../model/profile.ts';
import { fail } from '../model/problem.ts';
import type { Placeholder } from '../state/records.ts';
import { isFilledFolder, namesEnding, refuse, statOf } from './git-files.ts';
import { gitGuards, type Guard } from './git-guards.ts';
import type { IdPlan } from './ids.ts';
import { bindFolder, bindItself, NO_MOUNTS, seenAt, type MountPlan } from './mounts.ts';

/** What runs code outside on the user's behalf, besides git's own: never writable inside. */
const PROTECTED_FOLDERS = ['.vscode', '.idea'] as const;
const PROTECTED_FILES = ['.gitmodules', '.envrc', '.mcp.json'] as const;

export interface WorkspacePlan {
  readonly mounts: MountPlan;
  /** Empty files and folders to make in the workspace while the sandbox runs, so that it cannot make its own there. */
  readonly placeholders: readonly Placeholder[];
  /** Patterns of gitignore(5) for those of them that git would take for new files. */
  readonly ignored: readonly string[];
}

const NO_PLACEHOLDERS = { placeholders: [], ignored: [] } as const;

export interface WorkspaceRequest {
  /** Its real path; undefined where no folder is open. */
  readonly folder: string | undefined;
  readonly access: Profile['workspace'];
  readonly ids: IdPlan;
  /** Placeholders of sandboxes that are there already. */
  readonly inUse: ReadonlySet<string>;
}

/**
 * How the workspace is seen inside, at its own path.
 * @throws ProblemError `workspaceOwnedByRoot`, `workspaceUnreachable`, `mountTargetRefused` (a protected file is a link).
 */
export function planWorkspace(request: WorkspaceRequest): WorkspacePlan {
  const { folder, access, ids, inUse } = request;
  if (folder === undefined || access === 'none') return { mounts: NO_MOUNTS, ...NO_PLACEHOLDERS };
  if (ids.kind === 'shifted') requireReachable(folder, access);
  const first = [bindFolder(folder, folder, access, seenAt(folder))];
  if (access === 'ro') return { mounts: { ...NO_MOUNTS, first }, ...NO_PLACEHOLDERS };
  return writableWorkspace(folder, inUse, first);
}

function writableWorkspace(folder: string, inUse: ReadonlySet<string>, first: MountPlan['first']): WorkspacePlan {
  const isFree = (path: string): boolean => statOf(path) === undefined || (inUse.has(path) && !isFilledFolder(path));
  const guards = guardsOf(folder, isFree).map((guard) => standing(guard, folder, isFree));
  const free = guards.filter(({ path }) => isFree(path)).flatMap(asPlaceholder);
  const placeholders = [...new Map(free.map((placeholder) => [placeholder.path, placeholder])).values()];
  const closed = new Set([
    ...guards.map(({ path }) => path).filter((path) => statOf(path) !== undefined),
    ...placeholders.map(({ path }) => path),
  ]);
  // Folders around them are mounts of their own so that they cannot be renamed away together with the mounts inside.
  const around = new Set([...closed].flatMap((path) => foldersBetween(folder, path)));
  const targets = [...new Set([...closed, ...around])].sort();
  return {
    mounts: {
      ...NO_MOUNTS,
      first,
      second: targets.map((path) => bindItself(path, closed.has(path) ? 'ro' : 'rw')),
    },
    placeholders,
    ignored: placeholders.filter(({ kind }) => kind === 'file').map(({ path }) => ignoring(relative(folder, path))),
  };
}

/** At this place alone; what is special in a pattern stands for itself. */
const ignoring = (path: string): string => `/${path.replace(/[\\*?[\] ]/g, String.raw`\$&`)}`;

function guardsOf(folder: string, isFree: (path: string) => boolean): readonly Guard[] {
  const guards: readonly Guard[] = [
    ...PROTECTED_FOLDERS.map((name) => ({ path: name, missing: 'folder' }) as const),
    ...PROTECTED_FILES.map((name) => ({ path: name, missing: 'file' }) as const),
    ...['.husky', ...namesEnding(folder, '.code-workspace')].map((name) => ({ path: name, missing: undefined })),
  ];
  return [...guards.map((guard) => ({ ...guard, path: join(folder, guard.path) })), ...gitGuards(folder, isFree)];
}

/** Where a folder on the way is missing, it is that one that must not be made. A link on the way could be replaced. */
function standing(guard: Guard, workspace: string, isFree: (path: string) => boolean): Guard {
  for (const path of [...foldersBetween(workspace, guard.path), guard.path]) {
    const stat = statOf(path);
    if (stat?.isSymbolicLink()) refuse(path, 'it is a symbolic link, which a sandbox could replace');
    if (path !== guard.path && guard.missing !== undefined && isFree(path)) return { path, missing: 'folder' };
  }
  return guard;
}

function asPlaceholder({ path, missing, content }: Guard): readonly Placeholder[] {
  return missing === undefined ? [] : [{ path, kind: missing, ...(content === undefined ? {} : { content }) }];
}

/**
 * Makes the placeholders; one that another sandbox has made meanwhile will do.
 * @throws ProblemError `mountTargetRefused` where something else stands there now.
 */
export function makePlaceholders(placeholders: readonly Placeholder[]): void {
  for (const { path, kind, content = '' } of placeholders) {
    try {
      if (kind === 'folder') mkdirSync(path);
      else writeFileSync(path, content, { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const stat = lstatSync(path);
      if (!(kind === 'folder' ? stat.isDirectory() : stat.isFile())) refuse(path, `it is no ${kind}`);
    }
  }
}

/** Removes placeholders that nobody uses and nobody has filled since. */
export function removePlaceholders(placeholders: readonly Placeholder[], inUse: ReadonlySet<string>): void {
  for (const { path, kind, content = '' } of placeholders.filter((one) => !inUse.has(one.path))) {
    try {
      if (kind === 'folder') rmdirSync(path);
      else if (lstatSync(path).isFile() && readFileSync(path, 'utf8') === content) unlinkSync(path);
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
