import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { fail, ProblemError } from '../../model/problem.ts';
import { entryChecker } from './check-entry.ts';
import { decompressed } from './compression.ts';

/**
 * Reads an archive from end to end before any of it is unpacked, and returns its SHA-256 in hex.
 * @throws ProblemError `tarEntryRefused` for the first entry that has no place in a root file system,
 * `tarBroken` for one that is cut off or no tar at all.
 */
export async function checkArchive(archive: string): Promise<string> {
  const hash = createHash('sha256');
  const { content, done } = decompressed(archive, (chunk) => hash.update(chunk));
  const entries = extract();
  const check = entryChecker();
  let count = 0;
  entries.on('entry', (header: Header, stream, next) => {
    count += 1;
    const reason = check(header);
    if (reason !== undefined) {
      entries.destroy(
        new ProblemError({ code: 'tarEntryRefused', args: { path: archive, entry: header.name, reason } }),
      );
      return;
    }
    stream.on('end', next).resume();
  });
  const tail = lastBytes(END_OF_ARCHIVE);
  try {
    await Promise.all([done, pipeline(content, tail.stream, entries)]);
  } catch (error) {
    broken(archive, error);
  }
  if (count === 0) fail('tarBroken', { path: archive, reason: 'there is no entry in it' });
  if (!tail.isZero()) fail('tarBroken', { path: archive, reason: 'its end is missing' });
  return hash.digest('hex');
}

/** An archive ends with two blocks of zeros (tar(5), POSIX pax "ustar Interchange Format"). */
const END_OF_ARCHIVE = 1024;

/** Passes everything on, and knows its last bytes. */
function lastBytes(length: number): { readonly stream: Transform; isZero(): boolean } {
  let last: Buffer = Buffer.alloc(0);
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      last = chunk.length >= length ? chunk.subarray(-length) : Buffer.concat([last, chunk]).subarray(-length);
      done(null, chunk);
    },
  });
  return { stream, isZero: () => last.length === length && last.every((byte) => byte === 0) };
}

function broken(path: string, error: unknown): never {
  if (error instanceof ProblemError) throw error;
  const reason = error instanceof Error ? (error.message.split('\n').at(-1) ?? '') : String(error);
  fail('tarBroken', { path, reason }, error);
}
