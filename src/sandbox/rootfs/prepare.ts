import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail } from '../../model/problem.ts';
import type { Rootfs } from '../../model/profile.ts';
import type { SandboxNote } from '../../model/sandbox.ts';
import { hasOneId, type IdPlan } from '../ids.ts';
import { unpackedArchive } from './store.ts';

export interface PreparedRootfs {
  /** The folder that the sandbox sees beneath its own upper layer. */
  readonly lower: string;
  readonly notes: readonly SandboxNote[];
}

/**
 * Makes a root file system ready to be the lower layer of a sandbox: an archive is unpacked once into the store.
 * @throws ProblemError `rootfsMissing`, `rootfsNotUsable`, `tarEntryRefused`, `tarBroken`, `digestMismatch`, `unpackFailed`.
 */
export async function prepareRootfs(
  rootfs: Exclude<Rootfs, { kind: 'host' }>,
  { dataFolder, ids }: { readonly dataFolder: string; readonly ids: IdPlan },
): Promise<PreparedRootfs> {
  if (rootfs.kind === 'directory') return directory(rootfs.path, ids);
  requireThere(rootfs.path);
  requireReadableFile(rootfs.path);
  const lower = await unpackedArchive(rootfs.path, rootfs.sha256, dataFolder, ids);
  return { lower, notes: hasOneId(ids) ? [{ note: 'ownershipNotKept' }] : [] };
}

function directory(path: string, ids: IdPlan): PreparedRootfs {
  requireThere(path);
  const lower = realpathSync(path);
  const { uid, gid } = requireUsable(lower);
  if (ids.kind === 'shifted') requireReachable(lower);
  const known = isMapped(uid, ids.uids) && isMapped(gid, ids.gids);
  return { lower, notes: known ? [] : [{ note: 'foreignOwner' }] };
}

function isMapped(id: number, ranges: IdPlan['uids']): boolean {
  return ranges.some(({ outside, count }) => id >= outside && id < outside + count);
}

function requireThere(path: string): void {
  try {
    statSync(path);
  } catch (error) {
    const closed = error instanceof Error && 'code' in error && error.code === 'EACCES';
    if (closed) fail('rootfsNotUsable', { path, reason: 'you may not reach it' }, error);
    fail('rootfsMissing', { path }, error);
  }
}

/** A FIFO would be waited for, and a folder is no archive. */
function requireReadableFile(path: string): void {
  if (!statSync(path).isFile()) fail('rootfsNotUsable', { path, reason: 'it is neither a folder nor a file' });
  requireAccess(path, constants.R_OK);
}

function requireUsable(path: string): { readonly uid: number; readonly gid: number } {
  const stat = statSync(path);
  if (!stat.isDirectory()) fail('rootfsNotUsable', { path, reason: 'it is not a folder' });
  if (path === '/') fail('rootfsNotUsable', { path, reason: 'the machine\'s own root is "rootfs": "host"' });
  requireAccess(path, constants.R_OK | constants.X_OK);
  return stat;
}

function requireAccess(path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch {
    fail('rootfsNotUsable', { path, reason: 'you may not read it' });
  }
}

/** Root's sandboxes run with ids that are nobody's outside: folders on the way must let others through. */
function requireReachable(path: string): void {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) {
      fail('rootfsNotUsable', {
        path,
        reason: `${folder} is closed to others, and root's sandboxes run as others (chmod o+x)`,
      });
    }
    if (folder === dirname(folder)) return;
  }
}
