import { readFileSync } from 'node:fs';

/** One mount of this process's mount namespace (proc_pid_mountinfo(5)). */
export interface HostMount {
  readonly target: string;
  readonly options: readonly string[];
}

/** The mounts of this process, in the order in which they were made. */
export function hostMounts(): readonly HostMount[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Targets and per-mount options of mountinfo lines; a line of another shape is passed over. */
export function parseMounts(text: string): readonly HostMount[] {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields.length >= 6)
    .map((fields) => ({ target: unescapeMountField(fields[4] ?? ''), options: (fields[5] ?? '').split(',') }));
}

/** Mounts strictly below a folder. */
export function mountsBelow(folder: string, mounts: readonly HostMount[]): readonly HostMount[] {
  const prefix = folder === '/' ? '/' : `${folder}/`;
  return mounts.filter(({ target }) => target !== folder && target.startsWith(prefix));
}

/** A field of mountinfo with its octal escapes (`\040`), each of which is a byte, taken back. */
export function unescapeMountField(field: string): string {
  const bytes = Buffer.from(field).toString('latin1');
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
  return Buffer.from(plain, 'latin1').toString('utf8');
}
