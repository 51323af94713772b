import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { startTimeOf } from '../../discovery/pin.ts';
import { requireProgram } from '../../host/programs.ts';
import { fail } from '../../model/problem.ts';
import { SHIFTED_BASE, type IdPlan } from '../ids.ts';
import { runWithIds } from './as-ids.ts';
import { checkArchive } from './check-archive.ts';
import { compressionOf } from './compression.ts';
import { removeTree } from './remove.ts';

/**
 * The folder of an unpacked archive, `rootfs/NAME/DIGEST` of the data folder: found again by its content, made at most once.
 * @throws ProblemError `tarEntryRefused`, `tarBroken`, `digestMismatch`; nothing is left then.
 */
export async function unpackedArchive(
  archive: string,
  expected: string | undefined,
  dataFolder: string,
  ids: IdPlan,
): Promise<string> {
  const store = join(dataFolder, 'rootfs');
  mkdirSync(join(store, KNOWN), { recursive: true, mode: 0o755 });
  const sha256 = knownDigest(archive, store) ?? (await checkArchive(archive));
  if (expected !== undefined && expected.toLowerCase() !== sha256) {
    fail('digestMismatch', { path: archive, expected, found: sha256 });
  }
  remember(archive, store, sha256);
  const folder = join(store, nameOf(archive));
  const unpacked = join(folder, ids.kind === 'single' ? `${sha256}.one-owner` : sha256);
  if (!existsSync(unpacked)) await unpack(archive, folder, unpacked, ids);
  return unpacked;
}

/** `alpine-minirootfs-3.18.4-x86_64` of the archive's name. */
function nameOf(archive: string): string {
  const name = basename(archive).replace(/\.(tar(\.\w+)?|tgz|txz)$/, '');
  return name.replace(/[^\w.+-]/g, '-').replace(/^\.+/, '') || 'rootfs';
}

async function unpack(archive: string, folder: string, unpacked: string, ids: IdPlan): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  await removeAbandoned(folder, ids);
  const partial = join(
    folder,
    `${PARTIAL}${process.pid}-${startTimeOf(process.pid) ?? 0}-${randomBytes(3).toString('hex')}`,
  );
  mkdirSync(partial, { mode: 0o755 });
  if (ids.kind === 'shifted') chownSync(partial, SHIFTED_BASE, SHIFTED_BASE);
  try {
    await extract(archive, partial, ids);
    renameSync(partial, unpacked);
  } catch (error) {
    await removeTree(partial, ids);
    if (!existsSync(unpacked)) throw error; // else another launcher was quicker
  }
}

async function extract(archive: string, target: string, ids: IdPlan): Promise<void> {
  const owners = ids.kind === 'single' ? ['--no-same-owner'] : ['--same-owner', '--numeric-owner'];
  const options = [
    '--extract',
    '--file',
    '-',
    decompression(archive),
    ...owners,
    '--same-permissions',
    '--delay-directory-restore',
  ];
  const tar = [requireProgram('tar'), ...options.filter((option) => option !== ''), '--directory', target];
  const { failed, stderr } = await runWithIds(ids, tar, archive);
  if (failed) fail('tarBroken', { path: archive, reason: stderr.trim().split('\n').at(-1) ?? 'tar failed' });
}

/** tar(1) looks for the kind of compression itself only in a file, and this is a pipe. */
function decompression(archive: string): string {
  return { gzip: '--gzip', xz: '--xz', none: '' }[compressionOf(archive)];
}

const PARTIAL = '.partial-';

/** Removes what launchers that were killed have unpacked half. */
async function removeAbandoned(folder: string, ids: IdPlan): Promise<void> {
  for (const name of readdirSync(folder)) {
    const [, pid, startTime] = /^\.partial-(\d+)-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && startTimeOf(Number(pid)) !== Number(startTime)) await removeTree(join(folder, name), ids);
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

function remember(archive: string, store: string, sha256: string): void {
  const file = knownFile(archive, store);
  const partial = `${file}.${randomBytes(3).toString('hex')}`;
  writeFileSync(partial, `${fingerprint(archive)}\n${sha256}\n`);
  renameSync(partial, file);
}
