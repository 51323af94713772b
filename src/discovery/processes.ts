import { closeSync, openSync, readdirSync, readlinkSync, readSync, statSync } from 'node:fs';
import { NAMESPACE_TYPES } from '../model/namespace.ts';
import type { Process } from '../model/process.ts';

/** Reads a file of /proc; undefined where there is none any more, or where it may not be read. Valid until the next read. */
type ReadFile = (path: string) => Buffer | undefined;

interface Scan {
  readonly read: ReadFile;
  readonly pageSize: number;
  readonly namespacesOf: typeof parseLinks;
  readonly cgroupsOf: typeof parseCgroups;
}

/**
 * All processes of this machine that /proc shows, by ascending pid. One that ends while it is looked at is left out;
 * what may not be read of another user's is absent (proc(5)).
 */
export function readProcesses(): readonly Process[] {
  const scan = startScan();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
    .map((pid) => readProcess(pid, scan))
    .filter((process) => process !== undefined);
}

function startScan(): Scan {
  const read = fileReader();
  return {
    read,
    pageSize: parsePageSize(read('/proc/self/auxv') ?? NOTHING),
    namespacesOf: onceForEach(parseLinks),
    cgroupsOf: onceForEach(parseCgroups),
  };
}

const NOTHING = Buffer.alloc(0);

function readProcess(pid: number, { read, pageSize, namespacesOf, cgroupsOf }: Scan): Process | undefined {
  const folder = `/proc/${pid}`;
  const stat = parseStat(read(`${folder}/stat`) ?? NOTHING, pageSize);
  if (stat === undefined) return undefined;
  const command = parseCommand(read(`${folder}/cmdline`) ?? NOTHING);
  const namespaces = namespacesOf(readLinks(folder));
  const cgroups = cgroupsOf(read(`${folder}/cgroup`)?.toString('utf8') ?? '');
  // Asked last: what still has an owner was there all the while.
  const uid = ownerOf(folder);
  return uid === undefined ? undefined : { pid, ...stat, uid, command, namespaces, cgroups };
}

/** Fields of proc_pid_stat(5). The name stands in brackets and may hold blanks, brackets, newlines and broken UTF-8. */
export function parseStat(
  stat: Buffer,
  pageSize: number,
): Pick<Process, 'comm' | 'state' | 'ppid' | 'startTime' | 'rss'> | undefined {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = stat.toString('latin1', close + 2).split(' ', 22);
  const [state = '', ppid, startTime, pages] = [fields[0], Number(fields[1]), Number(fields[19]), Number(fields[21])];
  if (![ppid, startTime, pages].every(Number.isInteger)) return undefined;
  return { comm: stat.toString('utf8', open + 1, close), state, ppid, startTime, rss: pages * pageSize };
}

/** Arguments of proc_pid_cmdline(5) with blanks between them. */
export function parseCommand(cmdline: Buffer): string {
  return cmdline.toString('utf8').replace(/\0+$/, '').replaceAll('\0', ' ');
}

/** Lines `hierarchy-ID:controller-list:cgroup-path` of cgroups(7). */
export function parseCgroups(text: string): Process['cgroups'] {
  return Object.fromEntries(
    [...text.matchAll(/^\d+:([^:\n]*):([^\n]*)$/gm)].map(([, key = '', path = '']) => [key, path]),
  );
}

/** The links of a process's ns folder, `user:[4026531837] mnt:[4026531841] …`, by type (namespaces(7)). */
export function parseLinks(links: string): Process['namespaces'] {
  return Object.fromEntries(
    [...links.matchAll(/([a-z]+):\[(\d+)\]/g)].map(([, type = '', inode]) => [type, Number(inode)]),
  );
}

/** All eight links need the same right: where the first is refused, the others are not asked. */
function readLinks(folder: string): string {
  const links: string[] = [];
  for (const type of NAMESPACE_TYPES) {
    try {
      links.push(readlinkSync(`${folder}/ns/${type}`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') break;
    }
  }
  return links.join(' ');
}

/** The folder itself belongs to the effective user, also where what is in it belongs to root (proc(5)). */
function ownerOf(folder: string): number | undefined {
  try {
    return statSync(folder).uid;
  } catch {
    return undefined;
  }
}

const AT_PAGESZ = 6n;

/** Bytes of a page, from pairs of 64-bit numbers: 4096 on x64, up to 65536 on arm64 (getauxval(3)). */
export function parsePageSize(auxv: Buffer): number {
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    if (auxv.readBigUInt64LE(at) === AT_PAGESZ) return Number(auxv.readBigUInt64LE(at + 8));
  }
  return 4096;
}

/** Most processes share their namespaces and cgroups: one result for all makes parsing and the worker's message small. */
function onceForEach<Result>(parse: (text: string) => Result): (text: string) => Result {
  const results = new Map<string, Result>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = parse(text);
    results.set(text, result);
    return result;
  };
}

/** More than any of these files has, but for the longest of command lines, which are cut. */
const LONGEST = 65_536;

/** A reader with one buffer for all files. These files of /proc come whole in one read, so that none asks for their end. */
function fileReader(): ReadFile {
  const buffer = Buffer.allocUnsafe(LONGEST);
  return (path) => {
    let file: number | undefined;
    try {
      file = openSync(path, 'r');
      return buffer.subarray(0, readSync(file, buffer, 0, LONGEST, null));
    } catch {
      return undefined;
    } finally {
      if (file !== undefined) closeSync(file);
    }
  };
}
