import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CgroupHierarchy } from '../model/cgroup.ts';
import { distinctFolders, OURS, type LimitFolders } from './limits.ts';
import { INSIDE } from './readings.ts';

/** Processes that fork while they are gathered are found in the next pass; one that is frozen forks no more. */
const MOST_PASSES = 100;
const MOST_WAIT_MS = 5000;

/** Where processes of a name can be frozen on v1; undefined where no freezer is mounted. */
export function freezerFolder(name: string, hierarchies: readonly CgroupHierarchy[]): string | undefined {
  const freezer = hierarchies.find(({ version, controllers }) => version === 1 && controllers.includes('freezer'));
  return freezer && join(freezer.mountPoint, OURS, name);
}

/**
 * Stops all processes of a sandbox until they are thawed: by cgroup.freeze of v2 (cgroup-v2.rst), else by the freezer of v1
 * (cgroup-v1/freezer-subsystem.rst), into which they are moved first.
 * @throws Error where neither is there.
 */
export function freeze(folders: LimitFolders, freezer: string | undefined): void {
  const unified = unifiedFolder(folders);
  if (unified !== undefined) {
    writeFileSync(join(unified, 'cgroup.freeze'), '1');
    return;
  }
  const own = someFolder(folders);
  if (freezer === undefined) throw new Error('no cgroup hierarchy of this host can freeze');
  makeFolder(dirname(freezer));
  makeFolder(freezer);
  writeFileSync(join(freezer, 'freezer.state'), 'FROZEN');
  try {
    gather(own, freezer);
    awaitFrozen(freezer);
  } catch (error) {
    thaw(folders, freezer);
    throw error;
  }
}

/** Lets them go on. Whom nobody has frozen stays as it is. */
export function thaw(folders: LimitFolders, freezer: string | undefined): void {
  const unified = unifiedFolder(folders);
  if (unified !== undefined) writeFileSync(join(unified, 'cgroup.freeze'), '0');
  if (freezer !== undefined && existsSync(freezer)) writeFileSync(join(freezer, 'freezer.state'), 'THAWED');
}

/** Kills all processes of a sandbox, also those that fork meanwhile: by cgroup.kill of v2 (kernel 5.14), else frozen. */
export function kill(folders: LimitFolders, freezer: string | undefined): void {
  const unified = unifiedFolder(folders);
  const killer = join(unified ?? '', 'cgroup.kill');
  if (unified !== undefined && existsSync(killer)) {
    writeFileSync(killer, '1');
    return;
  }
  freeze(folders, freezer);
  try {
    // who is frozen does not end before it is thawed, so that none of these numbers can become another's
    for (const pid of membersOf(unified ?? freezer ?? '')) process.kill(pid, 'SIGKILL');
  } finally {
    thaw(folders, freezer);
  }
}

/**
 * Until then (`FREEZING`) some may still end, freezer-subsystem.rst. One that came in while it was in fork or exec may have
 * missed the call: it is called again.
 * @throws Error where the kernel cannot stop one of them.
 */
function awaitFrozen(freezer: string): void {
  const state = join(freezer, 'freezer.state');
  const end = Date.now() + MOST_WAIT_MS;
  while (readFileSync(state, 'utf8').trim() !== 'FROZEN') {
    if (Date.now() > end) throw new Error('the kernel could not stop every process of the sandbox');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    writeFileSync(state, 'FROZEN');
  }
}

function unifiedFolder(folders: LimitFolders): string | undefined {
  return distinctFolders(folders).find((folder) => existsSync(join(folder, 'cgroup.freeze')));
}

function someFolder(folders: LimitFolders): string {
  const [folder] = distinctFolders(folders);
  if (folder === undefined) throw new Error('the sandbox has no cgroup');
  return folder;
}

/** Moves all who are in one v1 cgroup into another one besides. */
function gather(from: string, freezer: string): void {
  for (let pass = 0; pass < MOST_PASSES; pass += 1) {
    const there = new Set(membersOf(freezer));
    const missing = membersOf(from).filter((pid) => !there.has(pid));
    if (missing.length === 0) {
      letStrangersGo(from, freezer);
      return;
    }
    for (const pid of missing) move(pid, freezer);
  }
  letStrangersGo(from, freezer);
  throw new Error('the sandbox makes processes faster than they can be stopped');
}

/** A number that was read may be another process's by the time it is written: such a one goes back where it may run. */
function letStrangersGo(from: string, freezer: string): void {
  const members = new Set(membersOf(from));
  for (const pid of membersOf(freezer)) if (!members.has(pid)) move(pid, dirname(dirname(freezer)));
}

/** One that has ended meanwhile needs no moving. */
function move(pid: number, folder: string): void {
  try {
    writeFileSync(join(folder, 'cgroup.procs'), String(pid));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function membersOf(folder: string): readonly number[] {
  return [folder, join(folder, INSIDE)].flatMap((one) => {
    const file = join(one, 'cgroup.procs');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
  });
}

function makeFolder(folder: string): void {
  if (!existsSync(folder)) mkdirSync(folder);
}
