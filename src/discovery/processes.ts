import { readdirSync, statSync } from 'node:fs';
import type { CgroupHierarchy } from '../model/cgroup.ts';
import type { Process } from '../model/process.ts';
import { readDescriptors, type OpenSocket } from './descriptors.ts';
import { readOnce } from './files.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Held } from './held.ts';
import { linkReader, type Links } from './links.ts';
import { readMembership, type Membership } from './membership.ts';
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

/** What one scan saw, for the next one to keep. */
export interface Sight {
  /** By ascending pid. */
  readonly processes: SeenProcesses;
  readonly membership: Membership | undefined;
}

export type SeenProcesses = ReadonlyMap<number, Seen>;

const NOTHING_YET: Sight = { processes: new Map(), membership: undefined };

interface Scan {
  readonly before: Sight;
  readonly membership: Membership | undefined;
  readonly pids: ReadonlySet<number>;
  readonly pageSize: number;
  readonly linksOf: (folder: string) => Links;
  readonly cgroupsOf: typeof parseCgroups;
}

/**
 * All processes of this machine that /proc shows, by ascending pid. One that ends while it is looked at is left out;
 * what may not be read of another user's is absent (proc(5)).
 */
export function readProcesses(): readonly Process[] {
  return [...seeProcesses([]).processes.values()].map(({ process }) => process);
}

/** The same with what they hold. A process that was seen before and has not run since is the same object. */
export function seeProcesses(hierarchies: readonly CgroupHierarchy[], before: Sight = NOTHING_YET): Sight {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  const membership = readMembership(hierarchies, pids.length);
  const scan = startScan(before, membership, new Set(pids));
  const processes = new Map<number, Seen>();
  for (const pid of pids) {
    const seen = seeProcess(pid, scan);
    if (seen) processes.set(pid, seen);
  }
  return { processes, membership };
}

function startScan(before: Sight, membership: Membership | undefined, pids: ReadonlySet<number>): Scan {
  const pageSize = parsePageSize(readOnce('/proc/self/auxv') ?? NOTHING);
  return { before, membership, pids, pageSize, linksOf: linkReader(), cgroupsOf: onceForEach(parseCgroups) };
}

const NOTHING = Buffer.alloc(0);

function seeProcess(pid: number, scan: Scan): Seen | undefined {
  const old = scan.before.processes.get(pid);
  return (old && keep(old, scan)) ?? look(pid, scan);
}

/**
 * Only a process itself changes its namespaces, descriptors, user and command line, and for that it has to run.
 * What others change is read again: its cgroup, and its parent, which is another once the first has ended.
 */
function keep(old: Seen, scan: Scan): Seen | undefined {
  const { pid, ppid, cgroups } = old.process;
  if (old.fingerprint === undefined || (ppid !== 0 && !scan.pids.has(ppid))) return undefined;
  if (fingerprintOf(pid, old.threads) !== old.fingerprint) return undefined;
  if (wasNotMoved(old.process, scan)) return old;
  const now = readCgroups(pid, scan);
  return sameCgroups(now, cgroups) ? old : { ...old, process: { ...old.process, cgroups: now } };
}

/** A cgroup outside of what our cgroup namespace shows (`/..`) is in none of the lists. */
function wasNotMoved({ pid, cgroups }: Process, { before, membership }: Scan): boolean {
  if (before.membership === undefined || membership === undefined) return false;
  if (before.membership.get(pid) !== membership.get(pid)) return false;
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
