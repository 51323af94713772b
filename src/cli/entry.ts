import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

/**
 * The command `unshared`. All of it is in one file beside this one, and so is V8's code cache of that file, which saves compiling
 * it: half of what a start takes. The cache is for the Node that it was made with, and is ignored by any other.
 */
const PROGRAM = join(__dirname, 'command.cjs');
const CACHE = `${PROGRAM}.${process.version}-${process.arch}.cache`;

/** Two checksums stand before the cache: that of the program, and that of the cache. */
const HEADER = 16;

type Program = (require: NodeJS.Require, filename: string) => void;

const source = readFileSync(PROGRAM);
const cachedData = cacheOf(source);
// Nothing in it is beyond ASCII: that is what esbuild writes.
const script = new Script(source.toString('latin1'), { filename: PROGRAM, ...(cachedData && { cachedData }) });
(script.runInThisContext() as Program)(require, PROGRAM);

/** V8 itself looks at its version, its flags and the length of both, and at nothing else. */
function cacheOf(program: Buffer): Buffer | undefined {
  try {
    const file = readFileSync(CACHE);
    const cache = file.subarray(HEADER);
    const isWhole = file.readUInt32LE(0) === crc32(program) && file.readUInt32LE(4) === crc32(cache);
    return isWhole ? cache : undefined;
  } catch {
    return undefined; // there is none for this Node, or this Node is too old to count with
  }
}
