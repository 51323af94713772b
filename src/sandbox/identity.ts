import { lstatSync, readFileSync } from 'node:fs';
import { join, normalize } from 'node:path';
import type { SandboxUser } from '../model/profile.ts';
import type { IdPlan } from './ids.ts';
import { hasOneId, isRootInside } from './ids.ts';
import type { MountEntry } from './mounts.ts';

/** Who one is inside a sandbox. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
  /** Path inside. */
  readonly home: string;
}

export const ROOT: Identity = { uid: 0, gid: 0, name: 'root', home: '/root' };

/** The uid and gid inside that a profile asks for. */
export function idsInside(user: SandboxUser, caller: { readonly uid: number; readonly gid: number }) {
  if (user === 'root') return { uid: 0, gid: 0 };
  return user === 'same' ? { uid: caller.uid, gid: caller.gid } : user;
}

export interface CallerIdentity {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/**
 * The name and home that fit the user inside: root's, the caller's own home path, or what the root file system's own
 * passwd(5) says. Whatever stands at that path outside is not shown: the home inside is an empty or a kept one.
 */
export function identityOf(user: SandboxUser, caller: CallerIdentity, root: string): Identity {
  const { uid, gid } = idsInside(user, caller);
  if (uid === 0) return { ...ROOT, gid };
  const entry = passwdEntry(uid, root);
  const home = user === 'same' ? caller.home : (entry?.home ?? '');
  return { uid, gid, name: entry?.name ?? 'sandbox', home: isHomePath(home) ? home : '/home/sandbox' };
}

/** An image may have a link there, which would be followed out of it. */
function passwdEntry(uid: number, root: string): { readonly name: string; readonly home: string } | undefined {
  const links = ['etc', 'etc/passwd'].map((path) => lstatSync(join(root, path), { throwIfNoEntry: false }));
  if (!links[0]?.isDirectory() || !links[1]?.isFile()) return undefined;
  const lines = readFileSync(join(root, 'etc/passwd'), 'utf8').split('\n');
  const fields = lines.map((line) => line.split(':')).find(([name, , id]) => name !== '' && id === String(uid));
  return fields && { name: fields[0] ?? '', home: fields[5] ?? '' };
}

/** Nothing of the system may be hidden by the home that is mounted there. */
function isHomePath(path: string): boolean {
  const parts = path.split('/');
  const isPlain = normalize(path) === path && !/[\0\n]/.test(path) && parts[0] === '' && parts.at(-1) !== '';
  return isPlain && parts.length > 2 && !SYSTEM.test(path);
}

const SYSTEM = /^\/(usr|etc|opt|bin|sbin|lib\w*|proc|sys|dev|boot|run\/namespace-sandboxes)(\/|$)|^\/var\/tmp$/;

/**
 * What makes the rest of the set-up run as root inside, where there is one and the maker is another: mount(8) refuses who is
 * not root and could become it. The change of ids clears what ties the process to its parent, PR_SET_PDEATHSIG(2const).
 */
export function becomeRoot(ids: IdPlan): readonly string[] {
  if (isRootInside(ids) || hasOneId(ids)) return [];
  return ['setpriv', '--reuid=0', '--regid=0', '--clear-groups', '--pdeathsig=KILL', '--'];
}

/** Gives a tmpfs(5) to the user, where another id makes it. */
export function ownedBy(entry: MountEntry, { uid, gid }: Identity, ids: IdPlan): MountEntry {
  if (hasOneId(ids) || (uid === 0 && gid === 0)) return entry;
  return { ...entry, options: [...entry.options, `uid=${uid}`, `gid=${gid}`] };
}

/**
 * How whoever enters a user namespace becomes able to confine itself, as options of nsenter(1). Only root inside keeps its
 * capabilities over the exec (capabilities(7), "Capabilities and execution of programs by root"), so that a caller who is
 * another id inside becomes root first, where there is one.
 */
export function enterOptions(ids: IdPlan): readonly string[] {
  return isRootInside(ids) || hasOneId(ids) ? ['--preserve-credentials'] : ['--setuid=0', '--setgid=0'];
}

/**
 * Whether who enters has no capability left to drop from its bounding set: a single id that is not root. With
 * no_new_privs that set gives nothing either (capabilities(7), "Capability bounding set").
 */
export function entersWithoutCapabilities(ids: IdPlan): boolean {
  return hasOneId(ids) && !isRootInside(ids);
}
