import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { HELPER_PROGRAMS, type HelperProgram } from '../protocol/helper.ts';

/** Folders that the system's packages fill: /usr/local may belong to a group. */
const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

const OTHERS_MAY_WRITE = 0o022;
/** All of the environment that any program gets. */
export const ENVIRONMENT = { PATH: FOLDERS.join(':'), LC_ALL: 'C' } as const;

const TIMEOUT_MS = 10_000;
/** In bytes: what the interfaces of a thousand networks are told in. */
const MOST_OUTPUT = 64 * 1024 ** 2;

/** The path of a program that root owns and nobody else can change; undefined where there is none. */
export function programPath(name: HelperProgram): string | undefined {
  return FOLDERS.map((folder) => `${folder}/${name}`).find(isRootsOwn);
}

/** @throws Error where there is none. */
export function requireProgram(name: HelperProgram): string {
  const path = programPath(name);
  if (path === undefined) throw new Error(`${name} is not in ${FOLDERS.join(', ')}, or is not root's alone`);
  return path;
}

/** Where each program is that the helper may run. */
export function programPaths(): Readonly<Record<HelperProgram, string | null>> {
  const found = HELPER_PROGRAMS.map((name) => [name, programPath(name) ?? null]);
  return Object.fromEntries(found) as Record<HelperProgram, string | null>;
}

let heldLock: number | undefined;

/** Programs that root runs meanwhile hold the lock too: one that outlives a killed helper keeps the next from going on before it. */
export function whileLocked<Result>(lock: number, work: () => Result): Result {
  heldLock = lock;
  try {
    return work();
  } finally {
    heldLock = undefined;
  }
}

/**
 * Runs a program as root with an array of arguments, an environment of its own, and `files` as descriptors from 3 up.
 * @returns its standard output.
 * @throws Error with what it said on its standard error.
 */
export function run(name: HelperProgram, args: readonly string[], files: readonly number[] = []): string {
  return spawned(name, args, [...files, ...(heldLock === undefined ? [] : [heldLock])]);
}

/** The same without the lock, for what its user can trace: whoever gets hold of the lock keeps every other helper waiting. */
export function runUnlocked(name: HelperProgram, args: readonly string[], files: readonly number[]): string {
  return spawned(name, args, files);
}

function spawned(name: HelperProgram, args: readonly string[], files: readonly number[]): string {
  const { status, error, stdout, stderr } = spawnSync(requireProgram(name), args, {
    stdio: ['ignore', 'pipe', 'pipe', ...files],
    env: ENVIRONMENT,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: MOST_OUTPUT,
    killSignal: 'SIGKILL',
  });
  if (error || status !== 0)
    throw new Error(`${name}: ${stderr.trim() || (error?.message ?? `exit status ${status ?? ''}`)}`);
  return stdout;
}

function isRootsOwn(path: string): boolean {
  const file = statSync(path, { throwIfNoEntry: false });
  return file?.isFile() === true && file.uid === 0 && (file.mode & OTHERS_MAY_WRITE) === 0;
}
