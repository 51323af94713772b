import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, type Extract, type ExtractEvents } from 'tar-stream';
import { fail, ProblemError } from '../../model/problem.ts';
import { entryChecker } from './check-entry.ts';
import { decompressed } from './compression.ts';

/** An entry of an archive: its header, and a stream of its content. */
export type Entry = ExtractEvents['entry'][1];

/**
 * Reads an archive from end to end, and returns its SHA-256 in hex. `take` gets each entry that passed the check, and
 * reads its content; without it nothing is done with them.
 * @throws ProblemError `tarEntryRefused` for the first entry that has no place in a root file system,
 * `tarBroken` for one that is cut off or no tar at all.
 */
export async function checkArchive(archive: string, take: (entry: Entry) => Promise<void> = skip): Promise<string> {
  const hash = createHash('sha256');
  const { content, done } = decompressed(archive, (chunk) => hash.update(chunk));
  const entries = extract();
  const tail = lastBytes(END_OF_ARCHIVE);
  // One that fails makes the others fail after it, and only its own error tells why.
  const [end, ...others] = await Promise.allSettled([
    checkEntries(archive, entries, take),
    done,
    pipeline(content, tail.stream, entries),
  ]);
  const errors: unknown[] = [end, ...others]
    .filter((result) => result.status === 'rejected')
    .map(({ reason }) => reason as unknown);
  if (errors.length > 0) throw errors.find((error) => error instanceof ProblemError) ?? broken(archive, errors[0]);
  const endOfEntries = end.status === 'fulfilled' ? end.value : 0;
  if (tail.length() - endOfEntries < END_OF_ARCHIVE || !tail.isZero()) {
    fail('tarBroken', { path: archive, reason: 'its end is missing' });
  }
  return hash.digest('hex');
}

function skip(entry: Entry): Promise<void> {
  entry.resume();
  return Promise.resolve();
}

/** Returns where the last entry ends, in bytes. */
async function checkEntries(path: string, entries: Extract, take: (entry: Entry) => Promise<void>): Promise<number> {
  const check = entryChecker();
  let end = 0;
  for await (const entry of entries) {
    const { header } = entry;
    const reason = check(header);
    if (reason !== undefined) fail('tarEntryRefused', { path, entry: header.name, reason });
    end = entry.offset + BLOCK + header.size;
    await take(entry);
  }
  if (end === 0) fail('tarBroken', { path, reason: 'there is no entry in it' });
  return end;
}

const BLOCK = 512;

/** An archive ends with two blocks of zeros (tar(5), POSIX pax "ustar Interchange Format"). */
const END_OF_ARCHIVE = 2 * BLOCK;

/** Passes everything on, and knows its length and last bytes. */
function lastBytes(count: number): { readonly stream: Transform; isZero(): boolean; length(): number } {
  let last: Buffer = Buffer.alloc(0);
  let length = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      last = chunk.length >= count ? chunk.subarray(-count) : Buffer.concat([last, chunk]).subarray(-count);
      done(null, chunk);
    },
  });
  return {
    stream,
    isZero: () => last.length === count && last.every((byte) => byte === 0),
    length: () => length,
  };
}

function broken(path: string, error: unknown): ProblemError {
  const reason = error instanceof Error ? (error.message.split('\n').at(-1) ?? '') : String(error);
  return new ProblemError({ code: 'tarBroken', args: { path, reason } }, { cause: error });
}
