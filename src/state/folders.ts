import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fail } from '../model/problem.ts';

/** Where this caller keeps what (XDG Base Directory Specification). */
export interface CallerFolders {
  readonly uid: number;
  readonly gid: number;
  /** One folder for each running sandbox. */
  readonly runtime: string;
  /** One folder for each lab. */
  readonly labs: string;
  /** What sandboxes with the `host` root stand on; they share it. */
  readonly bareRoots: string;
  /** Root file systems that were unpacked. */
  readonly data: string;
  /** Upper layers and kept homes. */
  readonly state: string;
}

export interface Caller {
  readonly uid: number;
  readonly gid: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly tmp: string;
}

const NAME = 'namespace-sandboxes';

/**
 * The folders of a caller; that of running sandboxes is made and checked. Root's lie outside its home, which is
 * closed to the ids that stand for root inside a sandbox.
 * @throws ProblemError `stateFolderUnsafe`.
 */
export function foldersOf(caller: Caller): CallerFolders {
  const folders = namesOfFolders(caller);
  makePrivate(folders.runtime, caller.uid);
  return folders;
}

/** Where they lie, and nothing is made. */
export function namesOfFolders(caller: Caller): CallerFolders {
  const { uid, gid } = caller;
  const folders = uid === 0 ? rootFolders() : userFolders(caller);
  const [bareRoots, labs] = ['.bare', '.labs'].map((name) => join(folders.runtime, name)) as [string, string];
  return { uid, gid, ...folders, bareRoots, labs };
}

function rootFolders(): Pick<CallerFolders, 'runtime' | 'data' | 'state'> {
  return { runtime: `/run/${NAME}-root`, data: `/var/lib/${NAME}/data`, state: `/var/lib/${NAME}/state` };
}

/** @throws ProblemError `stateFolderUnsafe` for a home that is unknown or relative: whatever folder is the current one would do. */
function userFolders({ uid, env, home, tmp }: Caller): Pick<CallerFolders, 'runtime' | 'data' | 'state'> {
  const runtime = absolute(env.XDG_RUNTIME_DIR);
  for (const [name, path] of Object.entries({ HOME: home, TMPDIR: tmp })) {
    if (!isAbsolute(path)) fail('stateFolderUnsafe', { path: path || name, reason: `${name} is no absolute path` });
  }
  return {
    runtime: runtime === undefined ? join(tmp, `${NAME}-${uid}`) : join(runtime, NAME),
    data: join(absolute(env.XDG_DATA_HOME) ?? join(home, '.local/share'), NAME),
    state: join(absolute(env.XDG_STATE_HOME) ?? join(home, '.local/state'), NAME),
  };
}

/** The home of whoever runs this process, or nothing: a user id without a name may have none. */
export function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** The specification says that a relative path there is to be ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

/** A folder in a place where others may write could be theirs, or a link to anywhere: it counts only if it is ours. */
function makePrivate(path: string, uid: number): void {
  const mode = uid === 0 ? 0o711 : 0o700;
  if (/[^\w./@+-]/.test(path))
    fail('stateFolderUnsafe', { path, reason: 'its path holds characters that mount options cannot' });
  try {
    mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    fail('stateFolderUnsafe', { path, reason: 'it cannot be made' }, error);
  }
  const stat = lstatSync(path);
  if (!stat.isDirectory()) fail('stateFolderUnsafe', { path, reason: 'it is not a folder' });
  if (stat.uid !== uid) fail('stateFolderUnsafe', { path, reason: `it belongs to uid ${stat.uid}` });
  if ((stat.mode & 0o777) !== mode) chmodSync(path, mode);
}

/** Makes a folder, and those around it, that others may pass whatever the umask is: root's sandboxes run as others. */
export function makeOpenFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755);
}
