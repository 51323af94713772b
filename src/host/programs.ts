import { accessSync, constants, existsSync } from 'node:fs';
import { fail } from '../model/problem.ts';

/** Where programs are looked for: never on the caller's PATH, on which a workspace may have put its own. */
export const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'] as const;

/** The programs a sandbox is made with, and the Debian package of each. */
export const PROGRAMS = {
  sh: 'dash',
  env: 'coreutils',
  chown: 'coreutils',
  mkdir: 'coreutils',
  ln: 'coreutils',
  mkfifo: 'coreutils',
  rm: 'coreutils',
  tar: 'tar',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  perl: 'perl-base',
} as const;

/** Programs and libraries that some sandboxes need besides, and the Debian package of each. */
const MORE_PROGRAMS = {
  newuidmap: 'uidmap',
  newgidmap: 'uidmap',
  ip: 'iproute2',
  cat: 'coreutils',
  prlimit: 'util-linux',
  setsid: 'util-linux',
  xz: 'xz-utils',
  nft: 'nftables',
  tc: 'iproute2',
  flock: 'util-linux',
  pasta: 'passt',
  slirp4netns: 'slirp4netns',
  pkexec: 'pkexec',
  tcpdump: 'tcpdump',
  wireshark: 'wireshark',
  'libseccomp.so.2': 'libseccomp2',
} as const;

/** Packages of Fedora that have another name there. */
const FEDORA_NAMES: Readonly<Record<string, string>> = {
  dash: 'bash',
  iproute2: 'iproute',
  uidmap: 'shadow-utils',
  'xz-utils': 'xz',
  pkexec: 'polkit',
  'perl-base': 'perl-interpreter',
  libseccomp2: 'libseccomp',
};

export type ProgramName = keyof typeof PROGRAMS;
export type Installable = ProgramName | keyof typeof MORE_PROGRAMS;

/** The path of a program of the system, or undefined. */
export function findProgram(name: string): string | undefined {
  return SYSTEM_PATH.map((folder) => `${folder}/${name}`).find(isExecutable);
}

/** @throws ProblemError `programMissing`, with the command that installs it. */
export function requireProgram(name: Installable): string {
  return findProgram(name) ?? fail('programMissing', { program: name, install: installCommand([name]) });
}

/** Installs the packages of programs with the package manager that is there, whatever the distribution calls itself. */
export function installCommand(programs: readonly Installable[]): string {
  const manager = findProgram('apt-get') === undefined && findProgram('dnf') !== undefined ? 'dnf' : 'apt';
  const debian = programs.map((name) => ({ ...PROGRAMS, ...MORE_PROGRAMS })[name]);
  const packages = manager === 'apt' ? debian : debian.map((name) => FEDORA_NAMES[name] ?? name);
  return asRoot(`${manager} install ${[...new Set(packages)].join(' ')}`);
}

/** A command that an administrator types: root as it is, others with sudo(8), or su(1) where there is none. */
export function asRoot(command: string): string {
  if (process.getuid?.() === 0) return command;
  return findProgram('sudo') === undefined ? `su -c ${quoted(command)}` : `sudo ${command}`;
}

/** One word of a shell, whatever it holds; in double quotes where that is easier to read. */
export function quoted(text: string): string {
  if (text.includes("'") && !/["$`!]|\\\\|\\$/.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** @throws ProblemError `notLinux` anywhere but on Linux. */
export function requireLinux(platform: string = process.platform): void {
  if (platform !== 'linux') fail('notLinux', { platform });
}

function isExecutable(path: string): boolean {
  if (!existsSync(path)) return false; // most are in one folder of many, and an exception is dear
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
