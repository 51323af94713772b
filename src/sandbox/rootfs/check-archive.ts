import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Extract } from 'tar-stream';
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
  const tail = lastBytes(END_OF_ARCHIVE);
  // One that fails makes the others fail after it, and only its own error tells why.
  const results = await Promise.allSettled([
    checkEntries(archive, entries),
    done,
    pipeline(content, tail.stream, entries),
  ]);
  const errors: unknown[] = results
    .filter((result) => result.status === 'rejected')
    .map(({ reason }) => reason as unknown);
  if (errors.length > 0) throw errors.find((error) => error instanceof ProblemError) ?? broken(archive, errors[0]);
  if (!tail.isZero()) fail('tarBroken', { path: archive, reason: 'its end is missing' });
  return hash.digest('hex');
}

async function checkEntries(path: string, entries: Extract): Promise<void> {
  const check = entryChecker();
  let count = 0;
  for await (const entry of entries) {
    count += 1;
    const reason = check(entry.header);
    if (reason !== undefined) fail('tarEntryRefused', { path, entry: entry.header.name, reason });
    entry.resume();
  }
  if (count === 0) fail('tarBroken', { path, reason: 'there is no entry in it' });
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

function broken(path: string, error: unknown): ProblemError {
  const reason = error instanceof Error ? (error.message.split('\n').at(-1) ?? '') : String(error);
  return new ProblemError({ code: 'tarBroken', args: { path, reason } }, { cause: error });
}
