import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { distinctFolders, removeCgroup, type LimitFolders } from '../../cgroup/limits.ts';
import type { CgroupHierarchy } from '../../model/cgroup.ts';
import { LIMIT_KEYS, type LimitKey } from '../../model/limits/table.ts';
import type { LimitsGiven } from '../../model/sandbox.ts';
import { shellWord } from '../script/quote.ts';
import type { LimitsPlan } from './plan-limits.ts';
import type { Reasons } from './unavailable.ts';

/** What is asked for, and of whom: at least one key, each with a value and a text in `limits`. */
export interface LimitRequest {
  readonly id: string;
  readonly limits: LimitsPlan;
  readonly keys: readonly LimitKey[];
  readonly hierarchies: readonly CgroupHierarchy[];
}

/** Limits that are ready to take a sandbox in: what could fail for want of rights has been tried before anything starts. */
export interface PreparedLimits {
  /** Moves PID 1 in; called at the gate, while it is the sandbox's only process. */
  place(pid: number): Promise<LimitsGiven>;
  /** sh lines with which join.sh moves itself in (`$$`), before it enters the namespaces; known after `place`. */
  joinLines(): readonly string[];
  /** Removes the cgroups once the sandbox is gone. May be called more than once. */
  remove(): Promise<void>;
}

/** What holds where these folders hold the limits. */
export function given(
  { limits }: LimitRequest,
  way: LimitsGiven['way'],
  cgroups: LimitFolders,
  missing: Reasons = {},
): LimitsGiven {
  const held = LIMIT_KEYS.filter((key) => cgroups[key] !== undefined).map((key) => [key, limits.texts[key]]);
  return { way, cgroups, held: Object.fromEntries(held) as LimitsGiven['held'], missing };
}

/** What holds where nobody keeps any limit: none, each with its reason. */
export function nothingGiven(request: LimitRequest, reasons: Reasons): LimitsGiven {
  return given(request, 'none', {}, reasons);
}

/** Limits that nobody keeps. */
export function unkept(given: LimitsGiven): PreparedLimits {
  return { place: () => Promise.resolve(given), joinLines: () => [], remove: () => Promise.resolve() };
}

/** The same limits, with others that nobody can keep here. */
export function alsoMissing(prepared: PreparedLimits, reasons: Reasons): PreparedLimits {
  const place = async (pid: number): Promise<LimitsGiven> => {
    const given = await prepared.place(pid);
    return { ...given, missing: { ...given.missing, ...reasons } };
  };
  return { ...prepared, place };
}

/**
 * A shell moves itself in by writing its number, cgroups(7). On v1 it writes 0, which is the thread that writes, and is all of a
 * shell: only before a move of a whole process does the kernel wait, some ten milliseconds.
 */
export function moveShellIn(folders: LimitFolders): readonly string[] {
  return distinctFolders(folders).map((folder) => {
    const refusal = shellWord(
      `This terminal could not be put under the limits: the kernel refused to move it into ${folder}.`,
    );
    const threads = join(folder, 'tasks');
    const [number, file] = isWritable(threads) ? ['0', threads] : ['$$', join(folder, 'cgroup.procs')];
    return `echo ${number} 2>/dev/null >${shellWord(file)} || { echo ${refusal} >&2; exit 1; }`;
  });
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const PATIENCE = 2000;

/** Removes cgroups whose last processes are just ending; what is not empty in 2 s is left to the next start. */
export async function removeSoon(folders: readonly string[]): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (!folders.map(removeCgroup).every(Boolean) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
