import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { isBelow } from '../host/paths.ts';
import { fail } from '../model/problem.ts';
import { homeFolder } from '../state/folders.ts';
import { parseGitConfig, type ConfigEntry } from './git-config.ts';
import { utf8Of, visible } from './utf8.ts';

/** What some files of configuration say together with those that they include. */
export interface Configured {
  /** Those that are included, also where they are missing. */
  readonly included: readonly string[];
  readonly entries: readonly ConfigEntry[];
}

const NOT_UTF8 = 'its name is not UTF-8, so it cannot be closed';

/** As git itself goes. */
const DEEPEST_INCLUDE = 10;

/**
 * Follows every condition of an include, because what it asks for may come to be.
 * @throws ProblemError `mountTargetRefused` for a path that is not UTF-8.
 */
export function configured(files: readonly string[]): Configured {
  const seen = new Set<string>();
  const included: string[] = [];
  const entries: ConfigEntry[] = [];
  const follow = (file: string, depth: number): void => {
    if (seen.has(file) || depth > DEEPEST_INCLUDE) return;
    seen.add(file);
    for (const entry of parseGitConfig(contentOf(file))) {
      entries.push(entry);
      const { section, key, value } = entry;
      if (!['include', 'includeif'].includes(section) || key !== 'path' || value.length === 0) continue;
      const path = resolve(dirname(file), atHome(nameIn(dirname(file), value)));
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
  // Node has this character in the place of what is not UTF-8 in the environment.
  if (own.includes('\uFFFD')) refuse(own, NOT_UTF8);
  return ['/etc/gitconfig', join(own, 'git/config'), join(home, '.gitconfig')];
}

/** @throws ProblemError `mountTargetRefused` for `~NAME/…`, which git expands too (git-config(1), "Values", pathname). */
export function atHome(path: string): string {
  if (path.startsWith('~/')) return join(homeFolder(), path.slice(2));
  if (path.startsWith('~') || path.startsWith('%(prefix)') || path.startsWith(':('))
    refuse(path, 'git takes what it runs from there, and only git knows where that is');
  return path;
}

/**
 * A name as a file of git has it, for what is in a folder.
 * @throws ProblemError `mountTargetRefused` where it is not UTF-8: nothing could be mounted there.
 */
export function nameIn(folder: string, written: Buffer): string {
  return utf8Of(written) ?? refuse(resolve(folder, atHome(visible(written))), NOT_UTF8);
}

/** Where a file of git leads to that holds a path after some word, and nothing else; '' for nowhere. */
export function ledTo(file: string, word: string): string {
  const [content, folder] = [contentOf(file), dirname(file)];
  if (!content.toString('latin1').startsWith(word)) return '';
  const end = content.findLastIndex((byte) => !LINE_ENDS.includes(byte)) + 1;
  return end <= word.length ? '' : resolve(folder, nameIn(folder, content.subarray(word.length, end)));
}

const LINE_ENDS: readonly number[] = [0x0a, 0x0d];

/** As the kernel goes (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * Where a path really is, also where a link leads to what is still to come. In the workspace it stays as it is: a link there is
 * refused, not followed.
 * @throws ProblemError `mountTargetRefused` for one that leads to a name in the workspace that is not UTF-8.
 */
export function realOutside(path: string, workspace: string): string {
  let links = 0;
  return follow(path);

  function follow(way: string): string {
    if (way === '/' || way === workspace || isBelow(way, workspace)) return way;
    const real = realBytes(way);
    if (real !== undefined) return utf8Of(real) ?? (isInside(real) ? refuse(visible(real), NOT_UTF8) : way);
    const above = follow(dirname(way));
    const here = join(above, basename(way));
    const target = isBelow(here, workspace) || links >= MOST_LINKS ? undefined : linkAt(here);
    if (target === undefined) return here;
    links += 1;
    const parts = target.split('/').filter((part) => part !== '' && part !== '.');
    return parts.reduce((at, part) => follow(join(at, part)), target.startsWith('/') ? '/' : above);
  }

  function isInside(real: Buffer): boolean {
    return Buffer.from(`${workspace}/`).equals(real.subarray(0, Buffer.byteLength(workspace) + 1));
  }
}

function realBytes(path: string): Buffer | undefined {
  try {
    return realpathSync.native(path, 'buffer');
  } catch {
    return undefined;
  }
}

/** What a link says; undefined where there is none. */
function linkAt(path: string): string | undefined {
  let target: Buffer;
  try {
    target = readlinkSync(path, 'buffer');
  } catch {
    return undefined;
  }
  return nameIn(dirname(path), target);
}

/** The names in a folder. @throws ProblemError `mountTargetRefused` for one that is not UTF-8, if it ends like this. */
export function namesEnding(folder: string, end: string): readonly string[] {
  return readdirSync(folder, 'buffer')
    .filter((name) => name.toString('latin1').endsWith(end))
    .map((name) => nameIn(folder, name));
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

/** Nothing for what git cannot read either. A pipe would keep whoever reads it waiting, and some files have no end. */
function contentOf(file: string): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return Buffer.alloc(0);
  }
  try {
    if (!fstatSync(descriptor).isFile()) return Buffer.alloc(0);
    const buffer = Buffer.allocUnsafe(LARGEST + 1);
    const length = readSync(descriptor, buffer);
    if (length > LARGEST) refuse(file, 'git takes its configuration from there, and it is larger than one megabyte');
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}
