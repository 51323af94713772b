import { chownSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupHierarchies } from '../cgroup/hierarchies.ts';
import { freeze, freezerFolder, kill, thaw } from '../cgroup/freeze.ts';
import {
  changeLimits,
  distinctFolders,
  foldersOf,
  makeLimitCgroups,
  OURS,
  removeCgroup,
  removeEmptyCgroups,
  topHomes,
  type LimitFolders,
  type LimitHomes,
} from '../cgroup/limits.ts';
import { askedKeys, LIMIT_KEYS, type LimitValues } from '../model/limits/table.ts';
import { MAX_NAMES, type HelperVerb } from '../protocol/helper.ts';
import { placePinned } from './place.ts';
import { changeState } from './run-folder.ts';
import type { Act, Verbs } from './serve.ts';

/**
 * The verbs for limits. Who is placed may turn out to be somebody else, and is put back: meanwhile no other helper of the user may
 * stop or kill. A cgroup's name begins with the user's id, so that a user reaches no other's,
 * and nothing is kept in memory or on disk: what a killed helper left is found in the hierarchies themselves.
 */
export function limitVerbs(uid: number): Verbs<Extract<HelperVerb, `limits/${string}`>> {
  const nameOf = (id: string): string => `${uid}.${id}`;
  const onAll = (what: typeof freeze, done: string) => {
    return ({ id }: { readonly id: string }, act: Act): null => {
      const name = nameOf(id);
      const folders = existing(name);
      if (distinctFolders(folders).length === 0) throw new Error('the sandbox has no cgroup');
      changeState(uid, () => what(folders, freezerFolder(name, cgroupHierarchies())));
      act(`${done} the processes in ${distinctFolders(folders).join(' ')}`);
      return null;
    };
  };
  return {
    'limits/make': ({ id, limits }, act) => {
      const homes = homesOf(limits);
      requireRoom(homes, uid);
      const made = makeLimitCgroups(homes, nameOf(id), limits);
      giveEntry(made.folders, uid);
      const folders = distinctFolders(made.folders);
      if (folders.length > 0) act(`made the cgroups ${folders.join(' ')}`);
      return made;
    },
    'limits/place': ({ id, pid }, act) => {
      const folders = existing(nameOf(id));
      if (distinctFolders(folders).length === 0) throw new Error('the sandbox has no cgroup');
      changeState(uid, () => placePinned(folders, cgroupHierarchies(), { pid, uid }));
      act(`moved process ${pid} into ${distinctFolders(folders).join(' ')}`);
      return null;
    },
    'limits/set': ({ id, limits }, act) => {
      const changed = changeLimits(homesOf(limits), nameOf(id), limits);
      const keys = Object.keys(changed.folders);
      if (keys.length > 0) act(`set ${keys.join(', ')} of ${nameOf(id)}`);
      return changed;
    },
    'limits/freeze': onAll(freeze, 'stopped'),
    'limits/thaw': onAll(thaw, 'let go on'),
    'limits/kill': onAll(kill, 'killed'),
    'limits/remove': ({ id }, act) => {
      removeFreezer(nameOf(id));
      const folders = distinctFolders(existing(nameOf(id)));
      const removed = folders.map(removeCgroup).every(Boolean);
      if (removed && folders.length > 0) act(`removed the cgroups ${folders.join(' ')}`);
      return { removed };
    },
    'limits/sweep': ({ ended }) => {
      ended.map(nameOf).forEach(removeFreezer);
      removeEmptyCgroups(allHomes(), ended.map(nameOf));
      return null;
    },
  };
}

/** @throws Error where a limit can be kept nowhere. */
function homesOf(limits: LimitValues): LimitHomes {
  const keys = askedKeys(limits);
  const homes = topHomes(keys, cgroupHierarchies());
  const unkept = keys.find((key) => !homes.has(key));
  if (unkept !== undefined) throw new Error(`no cgroup controller keeps ${unkept}`);
  return homes;
}

/** The kernel has 65,535 ids for cgroups of memory, for all users together. @throws Error where the user has as many as one may. */
function requireRoom(homes: LimitHomes, uid: number): void {
  const folders = [...homes.values()].map(({ folder }) => join(folder, OURS)).filter((folder) => existsSync(folder));
  const isOwn = (name: string): boolean => name.startsWith(`${uid}.`);
  if (folders.some((folder) => readdirSync(folder).filter(isOwn).length >= MAX_NAMES))
    throw new Error(`user ${uid} has ${MAX_NAMES} cgroups already`);
}

function removeFreezer(name: string): void {
  const freezer = freezerFolder(name, cgroupHierarchies());
  if (freezer !== undefined) removeCgroup(freezer);
}

function allHomes(): LimitHomes {
  return topHomes(LIMIT_KEYS, cgroupHierarchies());
}

function existing(name: string): LimitFolders {
  const folders = Object.entries(foldersOf(allHomes(), name)).filter(([, folder]) => existsSync(folder));
  return Object.fromEntries(folders);
}

/** On v1 whoever owns `cgroup.procs` may move own processes in, while the limits stay root's (cgroup-v1/cgroups.rst). */
function giveEntry(folders: LimitFolders, uid: number): void {
  for (const folder of distinctFolders(folders)) {
    if (!existsSync(join(folder, 'cgroup.controllers'))) chownSync(join(folder, 'cgroup.procs'), uid, -1);
  }
}
