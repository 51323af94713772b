import { execa } from 'execa';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { version } from '../../package.json';
import { CLI } from '../support/unshared.ts';

const HEADER = 16;
const PROGRAM = 'command.cjs';
const CACHE = `${PROGRAM}.${process.version}-${process.arch}.cache`;

describe('what starts the command', () => {
  let folder: string;
  const path = (name: string): string => join(folder, name);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'unshared-entry-'));
    for (const name of ['cli.cjs', PROGRAM, CACHE]) copyFileSync(join(dirname(CLI), name), path(name));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function says(options: readonly string[] = []): Promise<string> {
    const { stdout, stderr } = await execa(process.execPath, [...options, path('cli.cjs'), '--version']);
    return stdout + stderr;
  }

  /** Puts another cache in its place, whose checksum is right. */
  function writeCache(change: (cache: Buffer) => void): void {
    const file = readFileSync(path(CACHE));
    const cache = file.subarray(HEADER);
    change(cache);
    file.writeUInt32LE(crc32(cache), 4);
    writeFileSync(path(CACHE), file);
  }

  it('has a code cache that this Node takes', async () => {
    const program = `const { readFileSync } = require('fs');
      const { Script } = require('vm');
      const [source, cache] = process.argv.slice(1).map((file) => readFileSync(file));
      const script = new Script(source.toString('latin1'), { cachedData: cache.subarray(${HEADER}) });
      console.log(script.cachedDataRejected);`;
    const { stdout } = await execa(process.execPath, ['-e', program, path(PROGRAM), path(CACHE)]);
    expect(stdout).toBe('false');
    expect(await says()).toBe(`unshared ${version}`);
  });

  it('is one file of ASCII beside one cache', () => {
    expect(readFileSync(path(PROGRAM)).every((byte) => byte < 0x80)).toBe(true);
    expect(readdirSync(dirname(CLI)).filter((name) => name.endsWith('.cache'))).toEqual([CACHE]);
  });

  it('does without the cache of another Node', async () => {
    renameSync(path(CACHE), path(`${PROGRAM}.v0.0.0-${process.arch}.cache`));
    expect(await says()).toBe(`unshared ${version}`);
  });

  it.each([0, 3, HEADER, 10_000])('does without one of which only %i bytes are there', async (length) => {
    writeFileSync(path(CACHE), readFileSync(path(CACHE)).subarray(0, length));
    expect(await says()).toBe(`unshared ${version}`);
  });

  it('does without one that is as long as it should be, and holds anything', async () => {
    writeFileSync(path(CACHE), Buffer.alloc(readFileSync(path(CACHE)).length, 'any'));
    expect(await says()).toBe(`unshared ${version}`);
  });

  it('does without one in which a byte is another, of which V8 would die', async () => {
    const cache = readFileSync(path(CACHE));
    cache.writeUInt8(cache.readUInt8(HEADER + 40) ^ 0xff, HEADER + 40);
    writeFileSync(path(CACHE), cache);
    expect(await says()).toBe(`unshared ${version}`);
  });

  it('does without one of another V8', async () => {
    writeCache((cache) => cache.writeUInt32LE(cache.readUInt32LE(4) + 1, 4));
    expect(await says()).toBe(`unshared ${version}`);
  });

  it('does without where V8 has other flags', async () => {
    expect(await says(['--no-opt'])).toBe(`unshared ${version}`);
  });

  it('runs the program that is there, and not the one of the cache', async () => {
    const program = readFileSync(path(PROGRAM), 'latin1');
    writeFileSync(path(PROGRAM), program.replace('unshared ${', 'unshaRED ${'), 'latin1');
    expect(await says()).toBe(`unshaRED ${version}`);
  });
});
