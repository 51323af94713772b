import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { NAMESPACE_TYPES, type NamespaceType } from '../model/namespace.ts';
import type { Process } from '../model/process.ts';

/** Reads a file of /proc; undefined where there is none any more, or where it may not be read. */
type ReadFile = (path: string) => Buffer | undefined;

/**
 * All processes of this machine that /proc shows, by ascending pid. One that ends while it is looked at is left out;
 * what may not be read of another user's is absent (proc(5)).
 */
export function readProcesses(): readonly Process[] {
  const read = fileReader();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .map((pid) => readProcess(pid, read))
    .filter((process) => process !== undefined);
}

function readProcess(pid: number, read: ReadFile): Process | undefined {
  const folder = `/proc/${pid}`;
  const stat = read(`${folder}/stat`);
  const known = stat && parseStat(stat);
  const uid = known && parseUid(read(`${folder}/status`)?.toString('latin1') ?? '');
  if (known === undefined || uid === undefined) return undefined;
  return {
    pid,
    uid,
    ...known,
    command: parseCommand(read(`${folder}/cmdline`) ?? Buffer.alloc(0)),
    namespaces: readNamespaces(folder),
    cgroups: parseCgroups(read(`${folder}/cgroup`)?.toString('utf8') ?? ''),
  };
}

/** Page size of every machine that this runs on; /proc/PID/stat counts resident memory in pages. */
const PAGE = 4096;

/** Fields of proc_pid_stat(5). The name stands in brackets and may hold blanks, brackets, newlines and broken UTF-8. */
export function parseStat(stat: Buffer): Pick<Process, 'comm' | 'state' | 'ppid' | 'startTime' | 'rss'> | undefined {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const [state = '?', ppid, ...rest] = stat.toString('latin1', close + 2).split(' ');
  const [startTime, rss] = [rest[17], rest[19]].map(Number);
  if (startTime === undefined || rss === undefined || ![Number(ppid), startTime, rss].every(Number.isFinite))
    return undefined;
  return { comm: stat.toString('utf8', open + 1, close), state, ppid: Number(ppid), startTime, rss: rss * PAGE };
}

/** The effective user id of proc_pid_status(5). */
export function parseUid(status: string): number | undefined {
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/** Arguments of proc_pid_cmdline(5) with blanks between them. */
export function parseCommand(cmdline: Buffer): string {
  return cmdline.toString('utf8').replace(/\0+$/, '').replaceAll('\0', ' ');
}

/** Lines `hierarchy-ID:controller-list:cgroup-path` of cgroups(7). */
export function parseCgroups(text: string): Readonly<Record<string, string>> {
  const entries = text
    .split('\n')
    .map((line) => /^\d+:([^:]*):(.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, key = '', path = '']) => [key, path]);
  return Object.fromEntries(entries) as Readonly<Record<string, string>>;
}

/** All eight links need the same right: where the first is refused, the others are not asked. */
function readNamespaces(folder: string): Readonly<Partial<Record<NamespaceType, number>>> {
  const found: Partial<Record<NamespaceType, number>> = {};
  for (const type of NAMESPACE_TYPES) {
    try {
      found[type] = parseLink(readlinkSync(`${folder}/ns/${type}`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') return found;
    }
  }
  return found;
}

/** The number of `net:[4026531840]`, namespaces(7). */
function parseLink(link: string): number {
  return Number(link.slice(link.indexOf('[') + 1, -1));
}

/** A reader with one buffer for all files: it grows to the longest command line there is. */
function fileReader(): ReadFile {
  let buffer = Buffer.allocUnsafe(8192);
  return (path) => {
    let file: number | undefined;
    try {
      file = openSync(path, 'r');
      let length = 0;
      for (;;) {
        if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 4);
        const count = readSync(file, buffer, length, buffer.length - length, null);
        if (count === 0) return Buffer.from(buffer.subarray(0, length));
        length += count;
      }
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  };
}
