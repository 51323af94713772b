import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isWithin } from './paths.ts';

/** One mount of this process's mount namespace (proc_pid_mountinfo(5)). */
export interface HostMount {
  readonly id: string;
  /** Id of the mount that it is on. */
  readonly parent: string;
  /** The path in the file system that is mounted. */
  readonly root: string;
  readonly target: string;
  readonly options: readonly string[];
}

/** The mounts of this process, in the order in which they were made. */
export function hostMounts(): readonly HostMount[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The first six fields of mountinfo lines but the device; a line of another shape is passed over. */
export function parseMounts(text: string): readonly HostMount[] {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields.length >= 6)
    .map(([id = '', parent = '', , root = '', target = '', options = '']) => ({
      id,
      parent,
      root: unescapeMountField(root),
      target: unescapeMountField(target),
      options: options.split(','),
    }));
}

/** Mounts strictly below a folder. */
export function mountsBelow(folder: string, mounts: readonly HostMount[]): readonly HostMount[] {
  const prefix = folder === '/' ? '/' : `${folder}/`;
  return mounts.filter(({ target }) => target !== folder && target.startsWith(prefix));
}

/** The mount that a path is on. From each mount on, the way down meets the one that is nearest, however deep others are. */
export function mountAround(path: string, mounts: readonly HostMount[]): HostMount | undefined {
  const ids = new Set(mounts.map(({ id }) => id));
  const around = mounts.filter(({ target }) => isWithin(path, target));
  const nearest = (on: HostMount | undefined): HostMount | undefined =>
    around
      .filter(({ id, parent }) =>
        on === undefined ? !ids.has(parent) || parent === id : parent === on.id && id !== on.id,
      )
      .reduce<HostMount | undefined>(
        (best, one) => (best && best.target.length <= one.target.length ? best : one),
        undefined,
      );
  let found: HostMount | undefined;
  for (let next = nearest(undefined); next !== undefined; next = nearest(next)) found = next;
  return found;
}

/** What mountinfo says as root of a bind mount of this path. */
export function rootOf(path: string, mounts: readonly HostMount[]): string | undefined {
  const mount = mountAround(path, mounts);
  return mount && join(mount.root, relative(mount.target, path));
}

/** A field of mountinfo with its octal escapes (`\040`), each of which is a byte, taken back. */
export function unescapeMountField(field: string): string {
  if (!field.includes('\\')) return field;
  const bytes = Buffer.from(field).toString('latin1');
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
  return Buffer.from(plain, 'latin1').toString('utf8');
}
