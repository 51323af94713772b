import { closeSync, lstatSync, openSync, rmSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { requireProgram, run } from './programs.ts';
import { changeState, netnsFolder, stateFolder, stateNames } from './run-folder.ts';
import type { Act, Verbs } from './serve.ts';

/** How many a user has at the same time: they stay when the helper has ended, and each is two mounts of the machine. */
const MOST_NAMES = 64;

/**
 * Named network namespaces, as ip-netns(8) knows them. Each is kept by two bind mounts: one in /run/netns, and one in the
 * helper's own folder of the user for whom it was made. A name is that user's as long as both are the same namespace.
 * `afterDelete` removes what hangs on one that is gone.
 */
export function networkNamespaceVerbs(
  uid: number,
  afterDelete: (act: Act) => void,
): Verbs<'netns/add' | 'netns/list' | 'netns/delete'> {
  return {
    'netns/add': ({ name }, act) => {
      changeState(uid, () => add(uid, name));
      act(`made the network namespace ${name}`);
      return null;
    },
    'netns/list': () => ({ names: stateNames(uid, 'netns').filter((name) => isWhole(places(uid, name))) }),
    'netns/delete': ({ name }, act) => {
      changeState(uid, () => {
        const found = ownPlaces(uid, name);
        removePlace(found.shown);
        removePlace(found.own);
        afterDelete(act);
      });
      act(`deleted the network namespace ${name}`);
      return null;
    },
  };
}

/** The path of a named network namespace of a user. @throws Error where there is none, or it is somebody else's. */
export function networkNamespaceOf(uid: number, name: string): string {
  return ownPlaces(uid, name).own;
}

/** Removes what is left of names that ip-netns(8) has deleted, and of those that a killed helper has half made. */
export function cleanNetworkNamespaces(uid: number, act: Act): void {
  for (const name of stateNames(uid, 'netns')) {
    const found = places(uid, name);
    if (isWhole(found)) continue;
    if (isPlaceholder(found.shown) && isNamespace(found.own)) removePlace(found.shown);
    removePlace(found.own);
    act(`removed what was left of the network namespace ${name}`);
  }
}

interface Places {
  /** In the helper's folder: whose it is. */
  readonly own: string;
  /** In /run/netns. */
  readonly shown: string;
}

function places(uid: number, name: string): Places {
  return { own: join('/run/namespace-sandboxes', String(uid), 'netns', name), shown: join('/run/netns', name) };
}

function ownPlaces(uid: number, name: string): Places {
  const found = places(uid, name);
  if (!stateNames(uid, 'netns').includes(name) || !isWhole(found))
    throw new Error(`${name} is no network namespace that was made for user ${uid}`);
  return found;
}

/** Each step can be undone by what the steps before have left, so that a helper may be killed between any two. */
function add(uid: number, name: string): void {
  if (stateNames(uid, 'netns').length >= MOST_NAMES) throw new Error(`user ${uid} has ${MOST_NAMES} names already`);
  const own = join(stateFolder(uid, 'netns'), name);
  const shown = join(netnsFolder(), name);
  makeFile(own);
  try {
    run('unshare', [`--net=${own}`, '--', requireProgram('true')]);
    makeFile(shown);
    try {
      run('mount', ['--no-canonicalize', '--no-mtab', '--bind', '--', own, shown]);
    } catch (error) {
      rmSync(shown);
      throw error;
    }
  } catch (error) {
    removePlace(own);
    throw error;
  }
}

/** @throws Error EEXIST where there is anything already, also a link. */
function makeFile(path: string): void {
  closeSync(openSync(path, 'wx', 0o400));
}

function removePlace(path: string): void {
  if (isNamespace(path)) run('umount', ['--lazy', '--no-canonicalize', '--no-mtab', '--', path]);
  rmSync(path, { force: true });
}

/** Whether both places are the same namespace. */
function isWhole({ own, shown }: Places): boolean {
  const [a, b] = [statOf(own), statOf(shown)];
  return isNamespace(own) && a?.ino === b?.ino && a?.dev === b?.dev;
}

/** A bind mount of a namespace is a file of another file system than the folder it is in. */
function isNamespace(path: string): boolean {
  const file = statOf(path);
  return file?.isFile() === true && file.dev !== statOf(dirname(path))?.dev;
}

/** An empty file on which nothing is mounted. */
function isPlaceholder(path: string): boolean {
  return statOf(path)?.isFile() === true && statOf(path)?.size === 0 && !isNamespace(path);
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
