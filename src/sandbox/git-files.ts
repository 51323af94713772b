import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { isBelow } from '../host/paths.ts';
import { fail } from '../model/problem.ts';
import { homeFolder } from '../state/folders.ts';
import { parseGitConfig, type ConfigEntry } from './git-config.ts';

/** What some files of configuration say together with those that they include. */
export interface Configured {
  /** Those that are included, also where they are missing. */
  readonly included: readonly string[];
  readonly entries: readonly ConfigEntry[];
}

/** As git itself goes. */
const DEEPEST_INCLUDE = 10;

/** Follows every condition of an include, because what it asks for may come to be. */
export function configured(files: readonly string[]): Configured {
  const seen = new Set<string>();
  const included: string[] = [];
  const entries: ConfigEntry[] = [];
  const follow = (file: string, depth: number): void => {
    if (seen.has(file) || depth > DEEPEST_INCLUDE) return;
    seen.add(file);
    for (const entry of parseGitConfig(textOf(file))) {
      entries.push(entry);
      if (!['include', 'includeif'].includes(entry.section) || entry.key !== 'path' || entry.value === '') continue;
      const path = resolve(dirname(file), atHome(entry.value));
      included.push(path);
      follow(path, depth + 1);
    }
  };
  for (const file of files) follow(file, 0);
  return { included, entries };
}

/** The configurations of the machine and of the user, which are read in every repository. */
export function configsElsewhere(): readonly string[] {
  const home = homeFolder();
  if (home === '') return ['/etc/gitconfig'];
  const { XDG_CONFIG_HOME } = process.env;
  const own = XDG_CONFIG_HOME !== undefined && isAbsolute(XDG_CONFIG_HOME) ? XDG_CONFIG_HOME : join(home, '.config');
  return ['/etc/gitconfig', join(own, 'git/config'), join(home, '.gitconfig')];
}

export const atHome = (path: string): string => (path.startsWith('~/') ? join(homeFolder(), path.slice(2)) : path);

/** Where a file of git leads to, by the words that match in it; '' for nowhere. */
export function ledTo(file: string, pattern: RegExp): string {
  const path = pattern.exec(textOf(file))?.[1]?.trimEnd();
  return path === undefined ? '' : resolve(dirname(file), path);
}

/** Where a path really is, as far as it is there. In the workspace it stays as it is: a link there is refused, not followed. */
export function realOutside(path: string, workspace: string): string {
  if (path === '/' || path === workspace || isBelow(path, workspace)) return path;
  try {
    return realpathSync(path);
  } catch {
    return join(realOutside(dirname(path), workspace), basename(path));
  }
}

/** @throws ProblemError `mountTargetRefused` where it cannot be known, as below a file or in a folder that is closed. */
export function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return refuse(path, `it cannot be looked at (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

/** A folder with something in it. */
export function isFilledFolder(path: string): boolean {
  return statOf(path)?.isDirectory() === true && readdirSync(path).length > 0;
}

export function refuse(path: string, reason: string): never {
  fail('mountTargetRefused', { target: path, reason });
}

/** Bytes. */
const LARGEST = 1 << 20;

/** '' for what git cannot read either. A pipe would keep whoever reads it waiting, and some files have no end. */
function textOf(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return '';
  }
  try {
    if (!fstatSync(descriptor).isFile()) return '';
    const buffer = Buffer.allocUnsafe(LARGEST + 1);
    const length = readSync(descriptor, buffer);
    if (length > LARGEST) refuse(file, 'git takes its configuration from there, and it is larger than one megabyte');
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(descriptor);
  }
}
