import { lstatSync, readlinkSync, statSync, type Stats } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isBelow } from '../host/paths.ts';
import { fail } from '../model/problem.ts';
import { seenAt } from './mounts.ts';

/** What a profile binds or lays under an overlay, as it was when it was looked at. */
export interface Source {
  /** Its path without a link. */
  readonly path: string;
  /** Device and inode. */
  readonly seen: string;
  readonly isFolder: boolean;
}

/** As the kernel goes (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * Finds what a path of a profile leads to. A sandbox or a repository may have put a link in its way, so only links of this machine's
 * root are followed, and none below the folders that are `untrusted`.
 * @throws ProblemError `bindSourceMissing`, `bindSourceLink`.
 */
export function findSource(path: string, untrusted: readonly string[]): Source {
  const real = withoutLinks(path, untrusted);
  return { path: real, seen: seenAt(real), isFolder: statSync(real).isDirectory() };
}

function withoutLinks(path: string, untrusted: readonly string[]): string {
  const waiting = namesOf(path);
  let found = '/';
  for (let links = 0; waiting.length > 0;) {
    const name = waiting.shift() ?? '';
    const next = name === '..' ? dirname(found) : join(found, name);
    const stat = statOf(next) ?? fail('bindSourceMissing', { path });
    if (!stat.isSymbolicLink()) {
      found = next;
      continue;
    }
    links += 1;
    if (links > MOST_LINKS || !isTrusted(next, stat, untrusted)) fail('bindSourceLink', { path, link: next });
    const to = readlinkSync(next);
    if (isAbsolute(to)) found = '/';
    waiting.unshift(...namesOf(to));
  }
  return found;
}

/** Root of a user namespace is the owner of `/` there. */
function isTrusted(link: string, { uid }: Stats, untrusted: readonly string[]): boolean {
  const isRoots = uid === 0 || uid === statSync('/').uid;
  return isRoots && !untrusted.some((folder) => isBelow(link, folder));
}

const namesOf = (path: string): string[] => path.split('/').filter((name) => name !== '' && name !== '.');

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // it lies in a file, or in a folder that is closed
  }
}
