import { accessSync, constants } from 'node:fs';
import { fail } from '../model/problem.ts';

/** Where programs are looked for: never on the caller's PATH, on which a workspace may have put its own. */
export const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/** The programs a sandbox is made with, and the Debian package of each. */
export const PROGRAMS = {
  sh: 'dash',
  env: 'coreutils',
  cat: 'coreutils',
  chown: 'coreutils',
  cp: 'coreutils',
  mkdir: 'coreutils',
  ln: 'coreutils',
  mkfifo: 'coreutils',
  rm: 'coreutils',
  tar: 'tar',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'mount',
  umount: 'mount',
  pivot_root: 'util-linux',
  setpriv: 'util-linux',
  script: 'bsdutils',
  hostname: 'hostname',
  ip: 'iproute2',
} as const;

export type ProgramName = keyof typeof PROGRAMS;

/** The path of a program of the system, or undefined. */
export function findProgram(name: string): string | undefined {
  return SYSTEM_PATH.map((folder) => `${folder}/${name}`).find(isExecutable);
}

/** @throws ProblemError `programMissing`, with the package to install. */
export function requireProgram(name: ProgramName): string {
  return findProgram(name) ?? fail('programMissing', { program: name, package: PROGRAMS[name] });
}

/** @throws ProblemError `notLinux` anywhere but on Linux. */
export function requireLinux(platform: string = process.platform): void {
  if (platform !== 'linux') fail('notLinux', { platform });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
