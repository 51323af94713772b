import { existsSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative } from 'node:path';

/** Whether an absolute path without `.`, `..` and a slash at its end is a folder or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`);
}

export function isBelow(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith('../') && !isAbsolute(way);
}

/** The folders between one that is above a path and the path, from above. */
export function foldersBetween(top: string, path: string): readonly string[] {
  const above = dirname(path);
  return path === top || above === top ? [] : [...foldersBetween(top, above), above];
}

/** Without links; what is not there stays as it is. */
export function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}
