import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createSandboxFolder,
  partialFolders,
  readRecord,
  readRecords,
  removeSandboxFolder,
  type SandboxRecord,
} from '../../src/state/records.ts';

const launcher = { pid: 4711, startTime: 123456 };
const record: SandboxRecord = {
  id: 'review-1a2b',
  launcher,
  sandbox: undefined,
  placeholders: [],
  layers: undefined,
  bareRoot: undefined,
};

describe('the folder of a sandbox', () => {
  let runtime: string;
  let folder: string;
  beforeEach(() => {
    runtime = mkdtempSync(join(tmpdir(), 'runtime-'));
    folder = join(runtime, record.id);
  });
  afterEach(() => {
    rmSync(runtime, { recursive: true });
  });

  it('has its record as soon as it is there, and the rights that were asked for whatever the umask is', () => {
    const umask = process.umask(0o077);
    createSandboxFolder(folder, 0o711, record);
    process.umask(umask);
    expect(readRecord(folder)?.launcher).toEqual(launcher);
    expect(statSync(folder).mode & 0o777).toBe(0o711);
    expect(readdirSync(runtime)).toEqual([record.id]);
  });

  it('is not made in the place of another, which stays as it is', () => {
    createSandboxFolder(folder, 0o700, record);
    const other = { ...record, launcher: { pid: 1, startTime: 2 } };
    expect(() => createSandboxFolder(folder, 0o700, other)).toThrow(/ENOTEMPTY|EEXIST/);
    expect(readRecord(folder)?.launcher).toEqual(launcher);
    expect(readdirSync(runtime)).toEqual([record.id]);
  });

  it('goes with all that is in it, once', () => {
    createSandboxFolder(folder, 0o700, record);
    mkdirSync(join(folder, 'scratch'));
    writeFileSync(join(folder, 'scratch', 'file'), '');
    removeSandboxFolder(folder, launcher);
    removeSandboxFolder(folder, launcher);
    expect(readdirSync(runtime)).toEqual([]);
  });

  it('is known by who was at it while it is not whole, and is no sandbox then', () => {
    const names = ['.partial-12-345-review-1', '.partial-x-1-y', '.bare', '.labs', 'partial-1-2-z'];
    for (const name of names) mkdirSync(join(runtime, name));
    const by = { pid: 12, startTime: 345 };
    expect(partialFolders(runtime)).toEqual([{ folder: join(runtime, '.partial-12-345-review-1'), by }]);
    expect(readRecords(runtime)).toEqual([{ folder: join(runtime, 'partial-1-2-z'), record: undefined }]);
    expect(partialFolders(join(runtime, 'nowhere'))).toEqual([]);
  });
});
