import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';

/** More than any of the files that are read at once has, but for the longest of command lines, which are cut. */
const LONGEST = 65_536;

const buffer = Buffer.allocUnsafe(LONGEST);

/**
 * A file of /proc that comes whole in one read, so that nobody asks for its end. Undefined where there is none any more, or
 * where it may not be read. Valid until the next read.
 */
export function readOnce(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    return buffer.subarray(0, readSync(file, buffer, 0, LONGEST, null));
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A file of /proc that comes in pieces of a page, such as mountinfo. Empty where it cannot be read. */
export function readPieces(path: string): Buffer {
  const pieces: Buffer[] = [];
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    for (let length = -1; length !== 0;) {
      length = readSync(file, buffer, 0, LONGEST, null);
      pieces.push(Buffer.from(buffer.subarray(0, length)));
    }
    return Buffer.concat(pieces);
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** The names in a folder, none where it is gone or closed to us. */
export function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What a link says; the error code where it cannot be read. */
export function readLink(path: string): { readonly text: string } | { readonly code: string | undefined } {
  try {
    return { text: readlinkSync(path) };
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code };
  }
}
