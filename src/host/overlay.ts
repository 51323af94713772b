import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { HostFix, HostLine } from '../model/host.ts';
import { messageOf } from '../model/message-of.ts';
import { attempt, type Attempt } from './attempt.ts';
import type { HostCaller } from './caller.ts';
import { fix } from './fixes.ts';
import { found, line, type Found } from './line.ts';
import { asRoot } from './programs.ts';

/** Whether folders and archives can be root file systems: an overlay whose upper layer lies where ours will lie. */
export async function overlayLine(caller: HostCaller): Promise<HostLine> {
  const refusal = await tryInStateFolder(caller);
  const { stateFolder: folder } = caller;
  return refusal ? line('overlay', 'missing', refusal) : line('overlay', 'ok', found('overlay', { folder }));
}

async function tryInStateFolder(caller: HostCaller): Promise<Found | undefined> {
  const { stateFolder: folder } = caller;
  try {
    const made = makeFolders(folder);
    const refusal = await tryIn(mkdtempSync(join(folder, 'check-')), caller);
    made.toReversed().forEach(removeEmpty);
    return refusal;
  } catch (error) {
    const reason = messageOf(error);
    return found('stateFolderUnusable', { folder, reason }, elsewhere(caller));
  }
}

/** One by one, so that an error is that of the folder which cannot be made. @returns those that were not there, outermost first */
function makeFolders(folder: string): readonly string[] {
  if (existsSync(folder)) return [];
  const above = makeFolders(dirname(folder));
  mkdirSync(folder);
  return [...above, folder];
}

/** Somebody may have put something there meanwhile. */
function removeEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

async function tryIn(trial: string, caller: HostCaller): Promise<Found | undefined> {
  try {
    fill(trial, caller.owner);
    const { ok, reason } = await inNamespaces(caller, CHANGE, trial);
    return ok ? undefined : await refused(caller, reason);
  } finally {
    // The kernel leaves a folder in `work` that nobody may enter, not even its owner.
    await attempt(['chmod', '-R', 'u+rwx', '--', trial]);
    rmSync(trial, { recursive: true, force: true });
  }
}

const FOLDERS = ['lower', 'upper', 'work', 'merged'] as const;

/** A file of the lower layer goes and a new one comes: a file system that lacks what that needs may still be mounted. */
const CHANGE = `mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work,userxattr overlay merged &&
rm merged/gone && : >merged/new && [ ! -e merged/gone ]`;
const ON_TMPFS = `mount -t tmpfs tmpfs /tmp && cd /tmp && mkdir ${FOLDERS.join(' ')} && : >lower/gone && ${CHANGE}`;

function fill(trial: string, { uid, gid }: HostCaller['owner']): void {
  const paths = FOLDERS.map((name) => join(trial, name));
  for (const path of paths) mkdirSync(path);
  const gone = join(trial, 'lower/gone');
  writeFileSync(gone, '');
  for (const path of [trial, ...paths, gone]) chownSync(path, uid, gid);
}

function inNamespaces({ asOwner }: HostCaller, script: string, cwd?: string): Promise<Attempt> {
  return attempt([...asOwner, 'unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', script], { cwd });
}

/** An overlay on a tmpfs shows whether it is the kernel that has none, or the folder that will not do. */
async function refused(caller: HostCaller, reason: string): Promise<Found> {
  const onTmpfs = await inNamespaces(caller, ON_TMPFS);
  if (!onTmpfs.ok)
    return found('overlayNotInKernel', { reason: onTmpfs.reason }, fix('loadModule', [asRoot('modprobe overlay')]));
  const { stateFolder: folder } = caller;
  const { output: filesystem } = await attempt(['stat', '--file-system', '--format=%T', folder]);
  return found('overlayNotHere', { folder, filesystem, reason }, elsewhere(caller));
}

/** /var/tmp is on a disk and stays (file-hierarchy(7)). Root's own folder cannot be chosen. */
function elsewhere({ uid }: HostCaller): HostFix {
  const folder = `/var/tmp/state-${uid}`;
  const commands = [`mkdir -p -m 700 ${folder}`, `export XDG_STATE_HOME=${folder}`];
  return uid === 0 ? fix('otherRuntime') : fix('otherStateFolder', commands);
}
