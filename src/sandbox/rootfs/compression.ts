import { execa } from 'execa';
import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { requireProgram } from '../../host/programs.ts';

export type Compression = 'gzip' | 'xz' | 'none';

/** How a file is compressed, by its first bytes: names lie (RFC 1952; the .xz file format, "Header Magic Bytes"). */
export function compressionOf(file: string): Compression {
  const start = Buffer.alloc(6);
  const opened = openSync(file, 'r');
  try {
    readSync(opened, start, 0, start.length, 0);
  } finally {
    closeSync(opened);
  }
  if (start.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))) return 'gzip';
  return start.equals(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])) ? 'xz' : 'none';
}

/** Bytes at a time: each step of zlib is a way to another thread and back. */
const CHUNK = 256 * 1024;

/** A file's content without its compression, and the promise that rejects if it is broken. `onBytes` sees the file as it is. */
export function decompressed(
  file: string,
  onBytes: (chunk: Buffer) => void,
): { readonly content: Readable; readonly done: Promise<void> } {
  const compression = compressionOf(file);
  const source = createReadStream(file, { highWaterMark: CHUNK }).on('data', (chunk) => onBytes(Buffer.from(chunk)));
  const content = new PassThrough();
  if (compression === 'none') return { content, done: pipeline(source, content) };
  if (compression === 'gzip') return { content, done: pipeline(source, createGunzip({ chunkSize: CHUNK }), content) };
  return { content, done: throughXz(source, content) };
}

async function throughXz(source: Readable, content: PassThrough): Promise<void> {
  const xz = requireProgram('xz');
  const child = execa(xz, ['--decompress', '--stdout'], { buffer: { stdout: false, stderr: true } });
  await Promise.all([pipeline(source, child.stdin), pipeline(child.stdout, content), child]);
}
