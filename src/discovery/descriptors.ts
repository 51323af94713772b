import type { Held } from './held.ts';
import { namesIn, readLink } from './files.ts';
import { parseName } from './links.ts';

/** A socket that a process has open. */
export interface OpenSocket {
  readonly fd: number;
  readonly inode: number;
}

/** What of the open files of a process can hold a namespace. */
export interface Descriptors {
  readonly held: readonly Held[];
  readonly sockets: readonly OpenSocket[];
}

const NOTHING: Descriptors = { held: [], sockets: [] };

/** Reads the links of /proc/PID/fd; nothing where this user may not (proc_pid_fd(5)). */
export function readDescriptors(pid: number): Descriptors {
  const held: Held[] = [];
  const sockets: OpenSocket[] = [];
  for (const fd of namesIn(`/proc/${pid}/fd`)) {
    const link = readLink(`/proc/${pid}/fd/${fd}`);
    if (!('text' in link) || !link.text.endsWith(']')) continue;
    const name = parseName(link.text);
    if (name) held.push({ ...name, holder: { by: 'descriptor', pid, fd: Number(fd) } });
    const [, inode] = /^socket:\[(\d+)\]$/.exec(link.text) ?? [];
    if (inode !== undefined) sockets.push({ fd: Number(fd), inode: Number(inode) });
  }
  return held.length + sockets.length > 0 ? { held, sockets } : NOTHING;
}
