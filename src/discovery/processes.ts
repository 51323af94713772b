import { statSync } from 'node:fs';
import { onceForEach } from '../model/once-for-each.ts';
import type { Process } from '../model/process.ts';
import { readDescriptors, type OpenSocket } from './descriptors.ts';
import { readOnce } from './files.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Held } from './held.ts';
import { linkReader, type Links } from './links.ts';
import { heldByThreads, otherThreads } from './threads.ts';

/** A process with what it holds. */
export interface Seen {
  readonly process: Process;
  readonly held: readonly Held[];
  readonly sockets: readonly OpenSocket[];
  readonly threads: readonly number[];
  /** The same as long as no thread of it has run; undefined where the kernel does not tell. */
  readonly fingerprint: string | undefined;
}

/** What one round of looking asks for. Typed arrays, for they go to another thread. */
export interface Round {
  /** Of all processes of this machine, ascending. */
  readonly pids: Int32Array;
  /** Those whose cgroup may be another than in the round before; undefined where that is not known of any. */
  readonly moved: Int32Array | undefined;
}

/** What has become of the processes of one part since the round before. Who is not named is as it was. */
export interface Looked {
  readonly changed: readonly Seen[];
  readonly gone: readonly number[];
}

/** Which of the processes somebody looks at: the `part`-th of so many `parts`, as even as their numbers are spread. */
export interface Share {
  readonly part: number;
  readonly parts: number;
}

interface Scan {
  readonly alive: ReadonlySet<number>;
  readonly moved: ReadonlySet<number> | undefined;
  readonly pageSize: number;
  readonly linksOf: (folder: string) => Links;
  readonly cgroupsOf: typeof parseCgroups;
}

/**
 * Looks at its share of the processes in each round, and remembers them for the next: one that has not run since is not looked
 * at again. One that ends while it is looked at is left out; what may not be read of another user's is absent (proc(5)).
 */
export function startLooking(share: Share): (round: Round) => Looked {
  let before = new Map<number, Seen>();
  return ({ pids, moved }) => {
    const scan = startScan(pids, moved);
    const now = new Map<number, Seen>();
    const changed: Seen[] = [];
    for (const pid of pids) {
      if (!isIn(share, pid)) continue;
      const old = before.get(pid);
      const seen = (old && keep(old, scan)) ?? look(pid, scan);
      if (seen) now.set(pid, seen);
      if (seen && seen !== old) changed.push(seen);
    }
    const gone = [...before.keys()].filter((pid) => !now.has(pid));
    before = now;
    return { changed, gone };
  };
}

/** Knuth's multiplicative hash: a shell with its children has numbers in a row, and every second may be one that ends soon. */
function isIn({ part, parts }: Share, pid: number): boolean {
  return (Math.imul(pid, 2_654_435_761) >>> 16) % parts === part;
}

function startScan(pids: Int32Array, moved: Int32Array | undefined): Scan {
  const pageSize = parsePageSize(readOnce('/proc/self/auxv') ?? NOTHING);
  // Most processes share their cgroups: one result for all makes parsing and the worker's message small.
  const cgroupsOf = onceForEach(parseCgroups);
  return { alive: new Set(pids), moved: moved && new Set(moved), pageSize, linksOf: linkReader(), cgroupsOf };
}

const NOTHING = Buffer.alloc(0);

/**
 * Only a process itself changes its namespaces, descriptors, user and command line, and for that it has to run.
 * What others change is read again: its cgroup, and its parent, which is another once the first has ended.
 */
function keep(old: Seen, scan: Scan): Seen | undefined {
  const { pid, ppid, cgroups } = old.process;
  if (old.fingerprint === undefined || (ppid !== 0 && !scan.alive.has(ppid))) return undefined;
  if (fingerprintOf(pid, old.threads) !== old.fingerprint) return undefined;
  if (wasNotMoved(old.process, scan)) return old;
  const now = readCgroups(pid, scan);
  return sameCgroups(now, cgroups) ? old : { ...old, process: { ...old.process, cgroups: now } };
}

/** A cgroup outside of what our cgroup namespace shows (`/..`) is in none of the lists. */
function wasNotMoved({ pid, cgroups }: Process, { moved }: Scan): boolean {
  if (moved === undefined || moved.has(pid)) return false;
  return !Object.values(cgroups).some((path) => path.startsWith('/..'));
}

function look(pid: number, scan: Scan): Seen | undefined {
  const folder = `/proc/${pid}`;
  // Asked first: what runs while it is looked at is looked at again.
  const alone = fingerprintOf(pid, []);
  const stat = parseStat(readOnce(`${folder}/stat`) ?? NOTHING, scan.pageSize);
  if (stat === undefined) return undefined;
  const { threads: count, kernel, ...known } = stat;
  const threads = count > 1 ? otherThreads(pid) : [];
  const fingerprint = threads.length > 0 ? fingerprintOf(pid, threads) : alone;
  const links = scan.linksOf(folder);
  const { namespaces } = links;
  const command = kernel ? '' : parseCommand(readOnce(`${folder}/cmdline`) ?? NOTHING);
  const { held, sockets } = kernel || links.refused ? NO_DESCRIPTORS : readDescriptors(pid);
  const ofThreads = links.refused ? [] : heldByThreads(pid, links, threads);
  const cgroups = readCgroups(pid, scan);
  // Asked last: what still has an owner was there all the while.
  const uid = ownerOf(folder);
  if (uid === undefined) return undefined;
  const process = { pid, ...known, uid, command, namespaces, readable: !links.refused, cgroups };
  return { process, held: [...heldForChildren(pid, links), ...ofThreads, ...held], sockets, threads, fingerprint };
}

const NO_DESCRIPTORS = { held: [], sockets: [] };

function heldForChildren(pid: number, { children }: Links): readonly Held[] {
  return children.map((name) => ({ ...name, holder: { by: 'children', pid, tid: pid } }));
}

function readCgroups(pid: number, { cgroupsOf }: Scan): Process['cgroups'] {
  return cgroupsOf(readOnce(`/proc/${pid}/cgroup`)?.toString('utf8') ?? '');
}

function sameCgroups(a: Process['cgroups'], b: Process['cgroups']): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Of the flags in stat (include/linux/sched.h): a thread of the kernel has neither arguments nor open files. */
const PF_KTHREAD = 0x0020_0000;

/** Fields of proc_pid_stat(5). The name stands in brackets and may hold blanks, brackets, newlines and broken UTF-8. */
export function parseStat(
  stat: Buffer,
  pageSize: number,
):
  | (Pick<Process, 'comm' | 'state' | 'ppid' | 'startTime' | 'rss'> & {
      readonly threads: number;
      readonly kernel: boolean;
    })
  | undefined {
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = stat.toString('latin1', close + 2).split(' ', 22);
  const [state = ''] = fields;
  const [ppid = NaN, flags = NaN, threads = NaN, startTime = NaN, pages = NaN] = [1, 6, 17, 19, 21].map((at) =>
    Number(fields[at]),
  );
  if (![ppid, flags, threads, startTime, pages].every(Number.isInteger)) return undefined;
  const comm = stat.toString('utf8', open + 1, close);
  return { comm, state, ppid, startTime, rss: pages * pageSize, threads, kernel: (flags & PF_KTHREAD) !== 0 };
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
