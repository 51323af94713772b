import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack, type Header, type Pack } from 'tar-stream';
import { checkArchive, type Entry } from './check-archive.ts';
import { paxOf } from './check-entry.ts';

/**
 * Checks an archive again while writing it anew, without compression, as the check understands it; returns its SHA-256
 * in hex. Two programs can read one tar in two ways (a hard link that claims content hides entries from one of them),
 * and a file can change after it was checked: only what was checked may be unpacked.
 * @throws ProblemError as checkArchive does, or the error of `target`.
 */
export async function rewriteArchive(archive: string, target: Writable): Promise<string> {
  const out = pack();
  const closed = { early: false };
  for (const end of ['error', 'close']) target.once(end, () => (closed.early ||= !out.destroying));
  const written = pipeline(out, target);
  const [reading, writing] = await Promise.allSettled([readInto(out, archive), written]);
  if (writing.status === 'rejected' && (closed.early || reading.status === 'fulfilled')) throw writing.reason;
  if (reading.status === 'rejected') throw reading.reason;
  return reading.value;
}

async function readInto(out: Pack, archive: string): Promise<string> {
  try {
    const sha256 = await checkArchive(archive, (entry) => copy(entry, out));
    out.finalize();
    return sha256;
  } catch (error) {
    out.destroy();
    throw error;
  }
}

/** The streams' own pipe: the one of Node costs more than the content of most files. */
function copy(entry: Entry, out: Pack): Promise<void> {
  return new Promise((resolve, reject) => {
    entry.pipe(out.entry(rewritten(entry.header)), (error) => (error ? reject(error) : resolve()));
  });
}

const FILE_TYPE = 0o100000;

/**
 * Numbers go into pax records, where they have no upper bound (POSIX pax "pax Extended Header").
 * The bit of the file type is cut off again: tar-stream takes a mode of 0 for none.
 */
function rewritten(header: Entry['header']): Partial<Header> & Pick<Header, 'name'> {
  const { name, type, size, linkname, mode } = header;
  const { uid = header.uid, gid = header.gid, mtime = header.mtime.getTime() / 1000 } = paxOf(header);
  const pax = { uid: decimal(uid), gid: decimal(gid), mtime: decimal(mtime) };
  return { name, type, size, linkname, mode: mode | FILE_TYPE, uid: 0, gid: 0, mtime: new Date(0), pax };
}

function decimal(value: unknown): string {
  const number = String(value);
  return /^\d+(\.\d+)?$/.test(number) ? number : '0';
}
