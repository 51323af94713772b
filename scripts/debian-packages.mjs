import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { env, getuid } from 'node:process';
import { execa } from 'execa';

/**
 * Installs the Debian packages of those programs that are not on the PATH.
 * @param {Readonly<Record<string, string>>} packages by the program that each is needed for
 * @returns {Promise<void>} rejects if apt-get fails, or where there is none.
 */
export async function needPrograms(packages) {
  const missing = Object.entries(packages).flatMap(([program, name]) => (findProgram(program) ? [] : [name]));
  if (missing.length === 0) return;
  console.log(`Installing ${missing.join(' ')} with apt-get…`);
  /** @type {import('execa').Options} */
  const quiet = { env: { DEBIAN_FRONTEND: 'noninteractive' }, stdin: 'inherit', stdout: 'ignore', stderr: 'inherit' };
  await asRoot(['apt-get', 'update', '--quiet'], quiet);
  await asRoot(['apt-get', 'install', '--yes', '--no-install-recommends', ...missing], quiet);
}

/**
 * Path of a program, found as a shell finds it.
 * @param {string} program
 */
export function findProgram(program) {
  const folders = (env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {readonly string[]} command
 * @param {import('execa').Options} options
 */
export async function asRoot(command, options) {
  const [file, ...args] = getuid?.() === 0 ? command : ['sudo', ...command];
  if (file !== undefined) await execa(file, args, options);
}
