import { constants, fstatSync, lstatSync, mkdirSync, readdirSync, rmdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { withFile } from './pinned.ts';
import { run, whileLocked } from './programs.ts';

/** The one folder of the helper's state, root's alone. */
const RUN_FOLDER = '/run/namespace-sandboxes';

const ANYBODY_ELSE = 0o077;
const OTHERS_MAY_WRITE = 0o022;
const WAIT_SECONDS = 10;
const MOST_TRIES = 10;

/** What is kept of a user: `netns` are named network namespaces, `links` those that are being made, `uplinks` ways out. */
const STATE_KINDS = ['netns', 'links', 'uplinks'] as const;
type StateKind = (typeof STATE_KINDS)[number];

/**
 * Changes the state of a user while no other helper does. The lock is the kernel's (flock(2)) and goes with this process, so that
 * whatever is found half made belongs to nobody any more. Folders that are empty afterwards are removed.
 */
export function changeState<Result>(uid: number, change: () => Result): Result {
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    requireFolder(RUN_FOLDER, 0o700, ANYBODY_ELSE);
    const done = withFile(RUN_FOLDER, constants.O_DIRECTORY | constants.O_NOFOLLOW, (folder) => {
      run('flock', ['--exclusive', '--timeout', String(WAIT_SECONDS), '3'], [folder]);
      // who held it before may have removed it
      if (lstatSync(RUN_FOLDER, { throwIfNoEntry: false })?.ino !== fstatSync(folder).ino) return undefined;
      try {
        return { result: whileLocked(folder, change) };
      } finally {
        removeEmptyFolders(uid);
      }
    });
    if (done) return done.result;
  }
  throw new Error(`${RUN_FOLDER} is removed again and again`);
}

/**
 * The folder for one kind of state of a user, made if it is not there.
 * @throws Error where any part of its path is a link, or is not root's alone.
 */
export function stateFolder(uid: number, kind: StateKind): string {
  const parts = partsOf(uid, kind);
  for (const part of parts) requireFolder(part, 0o700, ANYBODY_ELSE);
  return parts[2];
}

/** The names of that state; none where there is no folder, or none of root's own. */
export function stateNames(uid: number, kind: StateKind): readonly string[] {
  const parts = partsOf(uid, kind);
  const trusted = parts.every((part) => isRootsFolder(lstatSync(part, { throwIfNoEntry: false }), ANYBODY_ELSE));
  return trusted ? readdirSync(parts[2]).sort() : [];
}

/** The users of whom anything is kept. */
export function usersWithState(): readonly number[] {
  return hasState()
    ? readdirSync(RUN_FOLDER)
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
    : [];
}

/** Whether anything may be kept, of whomever. What is not root's alone is not ours. */
export function hasState(): boolean {
  return isRootsFolder(lstatSync(RUN_FOLDER, { throwIfNoEntry: false }), ANYBODY_ELSE);
}

/** The folder of ip-netns(8), made as it makes it. @throws Error where it is a link, or others may write to it. */
export function netnsFolder(): string {
  const folder = '/run/netns';
  requireFolder(folder, 0o755, OTHERS_MAY_WRITE);
  return folder;
}

function partsOf(uid: number, kind: StateKind): readonly [string, string, string] {
  const user = join(RUN_FOLDER, String(uid));
  return [RUN_FOLDER, user, join(user, kind)];
}

function requireFolder(folder: string, mode: number, refused: number): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (!isRootsFolder(lstatSync(folder), refused)) throw new Error(`${folder} is not a folder of root's alone`);
}

function isRootsFolder(folder: Stats | undefined, refused: number): boolean {
  return folder?.isDirectory() === true && folder.uid === 0 && (folder.mode & refused) === 0;
}

function removeEmptyFolders(uid: number): void {
  const [top, user] = partsOf(uid, 'netns');
  for (const folder of [...STATE_KINDS.map((kind) => partsOf(uid, kind)[2]), user, top]) {
    try {
      rmdirSync(folder);
    } catch {
      // something is kept in it
    }
  }
}
