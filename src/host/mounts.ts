import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** One mount of this process's mount namespace (proc_pid_mountinfo(5)). */
export interface HostMount {
  /** The path in the file system that is mounted. */
  readonly root: string;
  readonly target: string;
  readonly options: readonly string[];
}

/** The mounts of this process, in the order in which they were made. */
export function hostMounts(): readonly HostMount[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Roots, targets and per-mount options of mountinfo lines; a line of another shape is passed over. */
export function parseMounts(text: string): readonly HostMount[] {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields.length >= 6)
    .map(([, , , root = '', target = '', options = '']) => ({
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

/** The mount that a path is on: of those around it the deepest, and of several in one place the last. */
export function mountAround(path: string, mounts: readonly HostMount[]): HostMount | undefined {
  const around = mounts.filter(({ target }) => target === '/' || path === target || path.startsWith(`${target}/`));
  const deepest = Math.max(...around.map(({ target }) => target.length));
  return around.findLast(({ target }) => target.length === deepest);
}

/** What mountinfo says as root of a bind mount of this path. */
export function rootOf(path: string, mounts: readonly HostMount[]): string | undefined {
  const mount = mountAround(path, mounts);
  return mount && join(mount.root, relative(mount.target, path));
}

/** A field of mountinfo with its octal escapes (`\040`), each of which is a byte, taken back. */
export function unescapeMountField(field: string): string {
  const bytes = Buffer.from(field).toString('latin1');
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
  return Buffer.from(plain, 'latin1').toString('utf8');
}
