import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from '../model/sandbox.ts';

/** What is on disk of one sandbox. Whether it runs is for /proc to say. */
export interface SandboxRecord {
  readonly id: string;
  /** The process that started it: while it lives and `sandbox` is absent, the sandbox is being made. */
  readonly launcher: { readonly pid: number; readonly startTime: number };
  /** Present once PID 1 is there. */
  readonly sandbox: Sandbox | undefined;
  /** Empty files and folders made in the workspace, to be removed with the sandbox. */
  readonly placeholders: readonly { readonly path: string; readonly kind: 'file' | 'folder' }[];
  /** Folder of the private upper layer, or undefined. */
  readonly layers: string | undefined;
}

const RECORD = 'sandbox.json';

/**
 * Makes the folder of a new sandbox.
 * @throws the EEXIST of mkdir(2) when there is one of that name.
 */
export function createSandboxFolder(folder: string, mode: number): void {
  mkdirSync(folder, { mode });
}

/** Writes the record in one step, so that a reader sees the old one or the new one. */
export function writeRecord(folder: string, record: SandboxRecord): void {
  const partial = join(folder, `${RECORD}.partial`);
  writeFileSync(partial, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(partial, join(folder, RECORD));
}

/** The folders of all sandboxes, each with its record; undefined where its maker died before it wrote one. */
export function readRecords(
  runtimeFolder: string,
): readonly { readonly folder: string; readonly record: SandboxRecord | undefined }[] {
  return readdirSync(runtimeFolder).map((id) => {
    const folder = join(runtimeFolder, id);
    return { folder, record: readRecord(folder) };
  });
}

/** The record in a sandbox's folder; undefined where there is none. */
export function readRecord(folder: string): SandboxRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, RECORD), 'utf8')) as SandboxRecord;
  } catch {
    return undefined;
  }
}
