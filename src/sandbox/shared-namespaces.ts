import { readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from 'node:fs';
import { startTimeOf } from '../discovery/pin.ts';
import { requireProgram } from '../host/programs.ts';
import { runProgram } from '../host/run-program.ts';
import { fail } from '../model/problem.ts';
import type { NamespaceChoice, Namespaces, Profile } from '../model/profile.ts';
import type { Pinned, Sandbox } from '../model/sandbox.ts';
import type { NamespaceType } from '../model/namespace.ts';
import type { IdRange } from './ids.ts';
import { findSandbox } from './running.ts';

/** Of which namespaces outside of itself a sandbox is. */
export interface Sharing {
  /** Namespaces that a path keeps and that root enters before it drops its rights, as options of nsenter(1). */
  readonly early: readonly Shared[];
  /** The user namespace that owns those that are shared; the one of the sandbox is made in it. */
  readonly parent: Parent | undefined;
}

export interface Shared {
  readonly type: NamespaceType;
  /** The option of nsenter(1) by which it is entered. */
  readonly option: string;
}

export interface Parent extends Pinned {
  readonly shared: readonly Shared[];
  /** Its id maps, as they are seen from here. */
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

export const NOTHING_SHARED: Sharing = { early: [], parent: undefined };

/** The types for which a namespace may be chosen that is neither new nor the host's. */
const SHAREABLE = ['net', 'ipc', 'uts', 'time'] as const satisfies readonly NamespaceType[];

/** One namespace that is to be shared, and a process in the user namespace that owns it. */
interface Found extends Pinned {
  readonly type: NamespaceType;
  readonly path: string | undefined;
  /** As the profile names it. */
  readonly name: string;
}

/**
 * Finds the namespaces that a profile shares, and how the kernel lets this caller enter them: only with the user namespace
 * that owns them (setns(2)). One that turns out to be the host's is said to be that.
 * @throws ProblemError `sandboxNotFound`, `namespacePathWrong`, `namespacePathNotYours`, `namespacesApart`.
 */
export async function resolveSharing(profile: Profile, uid: number): Promise<{ profile: Profile; sharing: Sharing }> {
  const namespaces: Namespaces = { ...profile.namespaces, ...hostsOwn(profile.namespaces) };
  const found: Found[] = [];
  const early: Shared[] = [];
  for (const type of SHAREABLE) {
    const choice = namespaces[type];
    if (choice.kind === 'sandbox') found.push(inSandbox(type, findSandbox(choice.name)));
    if (choice.kind !== 'path') continue;
    if (uid === 0) early.push(await enteredByRoot(type, choice.path));
    else found.push(await enteredByOwner(type, choice.path));
  }
  return { profile: { ...profile, namespaces }, sharing: { early, parent: parentOf(found) } };
}

/** The choices that lead to a namespace of the host after all. */
function hostsOwn(namespaces: Namespaces): Partial<Record<NamespaceType, NamespaceChoice>> {
  const types = SHAREABLE.filter((type) => leadsToHost(type, namespaces[type]));
  return Object.fromEntries(types.map((type) => [type, { kind: 'host' }]));
}

function leadsToHost(type: NamespaceType, choice: NamespaceChoice): boolean {
  if (choice.kind === 'sandbox') return findSandbox(choice.name).outside?.host.includes(type) === true;
  return choice.kind === 'path' && inodeOf(type, choice.path) === inodeOf(type, `/proc/self/ns/${type}`);
}

/** What a sandbox shares itself belongs to another user namespace, in which its keeper is. */
function inSandbox(type: NamespaceType, { id, pid, startTime, outside }: Sandbox): Found {
  const pinned = outside?.shared.includes(type) === true ? outside.keeper : { pid, startTime };
  if (pinned === undefined) fail('namespaceOnlyRoots', { type, id });
  return { type, path: undefined, name: `sandbox:${id}`, ...pinned };
}

function parentOf(found: readonly Found[]): Parent | undefined {
  const [first, ...others] = found;
  if (first === undefined) return undefined;
  const { pid, startTime } = first;
  const owner = link(pid, 'user');
  const apart = others.find((other) => link(other.pid, 'user') !== owner);
  if (apart) fail('namespacesApart', { first: first.name, second: apart.name });
  const shared = found.map((one) => ({ type: one.type, option: optionOf(one, pid) }));
  return { pid, startTime, shared, uids: mapOf(pid, 'uid_map'), gids: mapOf(pid, 'gid_map') };
}

function optionOf({ type, path, pid }: Found, target: number): string {
  if (path !== undefined) return `--${type}=${path}`;
  return pid === target ? `--${type}` : `--${type}=/proc/${pid}/ns/${type}`;
}

/** Lines of /proc/PID/uid_map, whose ids outside are those of the reader's user namespace (user_namespaces(7)). */
function mapOf(pid: number, file: 'uid_map' | 'gid_map'): readonly IdRange[] {
  const lines = readFileSync(`/proc/${pid}/${file}`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    return { inside, outside, count };
  });
}

async function enteredByRoot(type: NamespaceType, path: string): Promise<Shared> {
  const option = `--${type}=${path}`;
  const { stderr, exitCode } = await tryToEnter([option]);
  if (exitCode !== 0) fail('namespacePathWrong', { type, path, reason: stderr });
  return { type, option };
}

/** A user may enter only with the user namespace that owns it, which has to be theirs: that of a process in it is tried. */
async function enteredByOwner(type: NamespaceType, path: string): Promise<Found> {
  const wanted = `${type}:[${inodeOf(type, path)}]`;
  const tried = new Set<string>();
  for (const pid of processIds()) {
    const owner = link(pid, 'user');
    if (owner === undefined || tried.has(owner) || link(pid, type) !== wanted) continue;
    tried.add(owner);
    const startTime = startTimeOf(pid);
    const options = ['--target', String(pid), '--user', `--${type}=${path}`, '--preserve-credentials'];
    if (startTime !== undefined && (await tryToEnter(options)).exitCode === 0)
      return { type, path, name: path, pid, startTime };
  }
  return fail('namespacePathNotYours', { type, path });
}

async function tryToEnter(options: readonly string[]): Promise<{ stderr: string; exitCode: number | undefined }> {
  const env = { ...process.env, LC_ALL: 'C' };
  const { stderr, exitCode } = await runProgram(requireProgram('nsenter'), [...options, '--', 'true'], { env });
  return { stderr: stderr.trim(), exitCode };
}

/** `NSFS_MAGIC` of statfs(2). */
const NSFS = 0x6e73_6673;

/** @throws ProblemError `namespacePathWrong` where no namespace is kept, `namespacePathNotYours` where it cannot be seen. */
function inodeOf(type: NamespaceType, path: string): number {
  const stat = statOf(type, path) ?? fail('namespacePathWrong', { type, path, reason: 'there is nothing' });
  if (statfsSync(path).type !== NSFS) fail('namespacePathWrong', { type, path, reason: 'it is no namespace' });
  return stat.ino;
}

function statOf(type: NamespaceType, path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return fail('namespacePathNotYours', { type, path }, error);
  }
}

function processIds(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Undefined for a process that has ended, or that is another user's. */
function link(pid: number, type: NamespaceType): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${type}`);
  } catch {
    return undefined;
  }
}
