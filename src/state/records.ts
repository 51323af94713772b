import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Pinned, Sandbox } from '../model/sandbox.ts';
import { partialName, whoIsAt } from './partial.ts';

/** A file or folder that stands in a workspace while a sandbox runs, so that it cannot make its own there. */
export interface Placeholder {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** What such a file holds; nothing, if undefined. */
  readonly content?: string;
}

/** What is on disk of one sandbox. Whether it runs is for /proc to say. */
export interface SandboxRecord {
  readonly id: string;
  /** The process that started it: while it lives and `sandbox` is absent, the sandbox is being made. */
  readonly launcher: Pinned;
  /** Present once PID 1 is there. */
  readonly sandbox: Sandbox | undefined;
  /** Made in the workspace, to be removed with the last sandbox that needs them. */
  readonly placeholders: readonly Placeholder[];
  /** Folder of the private upper layer, or undefined. */
  readonly layers: string | undefined;
  /** Folder of the bare root that it stands on, or undefined. */
  readonly bareRoot: string | undefined;
  /** Folder of the lab that it is in. */
  readonly lab?: string | undefined;
}

const RECORD = 'sandbox.json';

/**
 * Makes the folder of a new sandbox with its record in it, in one step: none is ever there of which nobody knows who makes it.
 * @throws the ENOTEMPTY of rename(2) when there is one of that name.
 */
export function createSandboxFolder(folder: string, mode: number, record: SandboxRecord): void {
  const partial = partialFolder(folder, record.launcher);
  mkdirSync(partial, { mode });
  try {
    chmodSync(partial, mode); // whatever the umask is
    writeRecord(partial, record);
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

/** Removes it in one step too. `remover` is this process; where somebody else was faster, it is gone already. */
export function removeSandboxFolder(folder: string, remover: Pinned): void {
  const partial = partialFolder(folder, remover);
  try {
    renameSync(folder, partial);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (!isRemovedFlat(partial)) rmSync(partial, { recursive: true, force: true });
}

/** Removes a folder of files and empty folders, which takes half as long as what goes deeper; each command waits for it. */
function isRemovedFlat(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) rmdirSync(path);
      else unlinkSync(path);
    }
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

/** The folders that are not whole yet, or no more, each with who is at it. */
export function partialFolders(runtimeFolder: string): readonly { readonly folder: string; readonly by: Pinned }[] {
  const names = existsSync(runtimeFolder) ? readdirSync(runtimeFolder) : [];
  return names.flatMap((name) => {
    const by = whoIsAt(name);
    return by === undefined ? [] : [{ folder: join(runtimeFolder, name), by }];
  });
}

function partialFolder(folder: string, by: Pinned): string {
  return join(dirname(folder), partialName(basename(folder), by));
}

/** Writes the record in one step, so that a reader sees the old one or the new one. */
export function writeRecord(folder: string, record: SandboxRecord): void {
  const partial = join(folder, `${RECORD}.partial`);
  writeFileSync(partial, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(partial, join(folder, RECORD));
}

/** The folders of all sandboxes, each with its record; undefined where it is gone already, or was never one. */
export function readRecords(
  runtimeFolder: string,
): readonly { readonly folder: string; readonly record: SandboxRecord | undefined }[] {
  return namesIn(runtimeFolder).map((id) => {
    const folder = join(runtimeFolder, id);
    return { folder, record: readRecord(folder) };
  });
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
}

/** The placeholders of the sandboxes whose record is there and chosen. */
export function placeholdersOf(runtimeFolder: string, chosen: (record: SandboxRecord) => boolean): ReadonlySet<string> {
  const records = readRecords(runtimeFolder).flatMap(({ record }) => (record === undefined ? [] : [record]));
  return new Set(records.filter(chosen).flatMap(({ placeholders }) => placeholders.map(({ path }) => path)));
}

/** The record in a sandbox's folder; undefined where there is none. */
export function readRecord(folder: string): SandboxRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, RECORD), 'utf8')) as SandboxRecord;
  } catch {
    return undefined;
  }
}
