import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { startTimeOf, thisProcess } from '../../discovery/pin.ts';
import { requireProgram } from '../../host/programs.ts';
import { fail } from '../../model/problem.ts';
import { makeOpenFolder } from '../../state/folders.ts';
import { partialName, whoIsAt } from '../../state/partial.ts';
import { hasOneId, SHIFTED_BASE, type IdPlan } from '../ids.ts';
import { runWithIds } from './as-ids.ts';
import { checkArchive } from './check-archive.ts';
import { removeTree } from './remove.ts';
import { rewriteArchive } from './rewrite-archive.ts';

/**
 * The folder of an unpacked archive, `rootfs/NAME/DIGEST` of the data folder: found again by its content, made at most once.
 * @throws ProblemError `tarEntryRefused`, `tarBroken`, `digestMismatch`, `unpackFailed`; nothing is left then.
 */
export async function unpackedArchive(
  archive: string,
  expected: string | undefined,
  dataFolder: string,
  ids: IdPlan,
): Promise<string> {
  const store = join(dataFolder, 'rootfs');
  await removeAbandoned(store, ids);
  const known = knownDigest(archive, store);
  const seen = fingerprint(archive);
  const sha256 = known ?? (await checkArchive(archive));
  requireDigest(archive, expected, sha256);
  const folder = join(store, nameOf(archive));
  const unpacked = join(folder, `${sha256}${suffixOf(ids)}`);
  if (!existsSync(unpacked)) await unpack({ archive, sha256, unpacked, ids });
  if (known === undefined) remember(archive, store, seen, sha256);
  return unpacked;
}

/** Trees of one archive differ where other ids outside stand for those inside. */
function suffixOf(ids: IdPlan): string {
  if (hasOneId(ids)) return '.one-owner';
  const [uid, gid] = [ids.uids[0]?.inside, ids.gids[0]?.inside];
  return uid === 0 && gid === 0 ? '' : `.maker-${uid}-${gid}`;
}

function requireDigest(path: string, expected: string | undefined, found: string): void {
  if (expected !== undefined && expected.toLowerCase() !== found) fail('digestMismatch', { path, expected, found });
}

/** `alpine-minirootfs-3.18.4-x86_64` of the archive's name. */
function nameOf(archive: string): string {
  const name = basename(archive).replace(/\.(tar(\.\w+)?|tgz|txz)$/, '');
  return name.replace(/[^\w.+-]/g, '-').replace(/^\.+/, '') || 'rootfs';
}

interface Unpacking {
  readonly archive: string;
  readonly sha256: string;
  readonly unpacked: string;
  readonly ids: IdPlan;
}

async function unpack({ archive, sha256, unpacked, ids }: Unpacking): Promise<void> {
  const folder = dirname(unpacked);
  makeOpenFolder(folder);
  const partial = join(folder, ownPartial());
  mkdirSync(partial);
  chmodSync(partial, 0o755);
  if (ids.kind === 'shifted') chownSync(partial, SHIFTED_BASE, SHIFTED_BASE);
  try {
    const found = await extract(archive, partial, ids);
    if (found !== sha256) fail('unpackFailed', { path: archive, reason: 'it was changed meanwhile' });
    renameSync(partial, unpacked);
  } catch (error) {
    await removeTree(partial, ids);
    if (existsSync(unpacked)) return; // another launcher was quicker
    for (const made of [folder, dirname(folder)]) removeEmpty(made);
    throw error;
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // holds something else
  }
}

/** Unpacks what the check lets through, and returns the digest of what was read. */
async function extract(archive: string, target: string, ids: IdPlan): Promise<string> {
  const owners = hasOneId(ids) ? ['--no-same-owner'] : ['--same-owner', '--numeric-owner'];
  const options = ['--extract', '--file', '-', ...owners, '--same-permissions', '--delay-directory-restore'];
  const tar = [requireProgram('tar'), ...options, '--directory', target];
  let sha256 = '';
  const { failed, stderr } = await runWithIds(ids, tar, async (stdin) => {
    sha256 = await rewriteArchive(archive, stdin);
  });
  if (failed) fail('unpackFailed', { path: archive, reason: stderr.trim().split('\n')[0] ?? '' });
  return sha256;
}

/** Of a process that unpacks several at once each has another name. */
function ownPartial(): string {
  return partialName(randomBytes(3).toString('hex'), thisProcess());
}

/** Removes what launchers that were killed have unpacked half. */
async function removeAbandoned(store: string, ids: IdPlan): Promise<void> {
  for (const name of namesIn(store)) {
    const folder = join(store, name);
    const abandoned = namesIn(folder).filter(isAbandoned);
    for (const partial of abandoned) await removeTree(join(folder, partial), ids);
    if (abandoned.length > 0) removeEmpty(folder);
  }
}

function isAbandoned(name: string): boolean {
  const by = whoIsAt(name);
  return by !== undefined && startTimeOf(by.pid) !== by.startTime;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not made yet
  }
}

const KNOWN = '.known';

/** What tells an archive that was read already: hashing 700 MB each time would take longer than the whole start. */
function fingerprint(archive: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(archive, { bigint: true });
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function knownFile(archive: string, store: string): string {
  return join(store, KNOWN, createHash('sha256').update(archive).digest('hex'));
}

function knownDigest(archive: string, store: string): string | undefined {
  try {
    const [known, sha256] = readFileSync(knownFile(archive, store), 'utf8').split('\n');
    return known === fingerprint(archive) ? sha256 : undefined;
  } catch {
    return undefined;
  }
}

/** `seen` is the fingerprint from before the archive was read: one that changes while it is read is read again. */
function remember(archive: string, store: string, seen: string, sha256: string): void {
  const file = knownFile(archive, store);
  makeOpenFolder(dirname(file));
  const partial = join(dirname(file), ownPartial());
  writeFileSync(partial, `${seen}\n${sha256}\n`);
  renameSync(partial, file);
}
