import { execa } from 'execa';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HUB, readWayOut } from '../../src/state/labs.ts';

describe('the way out of a hub, as who the hub runs as has said it', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lab-'));
    mkdirSync(join(folder, HUB));
    file = join(folder, HUB, 'way-out');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is a process, and whose word that is', () => {
    writeFileSync(file, '4711 123456\n');
    expect(readWayOut(folder)).toEqual({ pid: 4711, startTime: 123456, owner: process.getuid?.() });
  });

  it('is none where there is no file', () => {
    expect(readWayOut(folder)).toBeUndefined();
  });

  it.each(['', '\n', '4711', '4711 ', '-1 5', '1e3 5', '4711 5 6', 'a b', '4711 5\n6 7', '9'.repeat(100_000)])(
    'is none where the file says %j',
    (text) => {
      writeFileSync(file, text);
      expect(readWayOut(folder)).toBeUndefined();
    },
  );

  it('is none, and is not waited for, where a pipe, a link or a folder is in its place', async () => {
    await execa('mkfifo', [file]);
    expect(readWayOut(folder)).toBeUndefined();
    rmSync(file);
    writeFileSync(join(folder, 'elsewhere'), '4711 123456\n');
    symlinkSync(join(folder, 'elsewhere'), file);
    expect(readWayOut(folder)).toBeUndefined();
    rmSync(file);
    mkdirSync(file);
    expect(readWayOut(folder)).toBeUndefined();
  });
});
