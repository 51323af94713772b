import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileWrite } from '../model/limits/kind.ts';
import { limitRow, type LimitKey, type LimitValues } from '../model/limits/table.ts';

/** Sets one of the limits in a cgroup, and reads it back. Says why it does not hold; undefined where it does. */
export function setLimit(key: LimitKey, version: 1 | 2, folder: string, limits: LimitValues): string | undefined {
  const writes = writesOf(key, version, limits);
  if (typeof writes === 'string') return writes;
  for (const write of writes) {
    const reason = writeInto(folder, write) ?? unkept(folder, write);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Why a limit does not hold in a cgroup of v2 that another has set; undefined where it does. */
export function unheldIn(folder: string, key: LimitKey, limits: LimitValues): string | undefined {
  const writes = writesOf(key, 2, limits);
  if (typeof writes === 'string') return writes;
  return writes.map((write) => unkept(folder, write)).find((reason) => reason !== undefined);
}

/** Why no hierarchy of this version can express a limit, whatever the kernel. */
export function inexpressible(key: LimitKey, version: 1 | 2, limits: LimitValues): string | undefined {
  const writes = writesOf(key, version, limits);
  return typeof writes === 'string' ? writes : undefined;
}

function writesOf(key: LimitKey, version: 1 | 2, limits: LimitValues): readonly FileWrite[] | string {
  const { [key]: value } = limits;
  if (value === undefined) return [];
  const row = limitRow(key);
  return version === 1 ? row.v1(value, limits) : row.kind.writes(key, value);
}

function writeInto(folder: string, { file, text }: FileWrite): string | undefined {
  try {
    writeFileSync(join(folder, file), text, { flag: 'r+' });
    return undefined;
  } catch (error) {
    return refusal(file, error, `took no ${JSON.stringify(text)} for`);
  }
}

function unkept(folder: string, write: FileWrite): string | undefined {
  const { file, text, seenIn = file } = write;
  try {
    const kept = readFileSync(join(folder, seenIn), 'utf8');
    return write.holds(kept)
      ? undefined
      : `the kernel kept ${JSON.stringify(kept.trim())} in ${seenIn} instead of ${text}`;
  } catch (error) {
    return refusal(seenIn, error, 'did not let read');
  }
}

function refusal(file: string, error: unknown, what: string): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? `this kernel has no ${file}` : `the kernel ${what} ${file} (${code})`;
}

/**
 * On v1 a new cpuset has neither CPUs nor memory nodes, and no process can be moved into it: it gets those of the cgroup above
 * (cgroup-v1/cpusets.rst, 1.9). Anything else than a cpuset is left alone.
 */
export function fillCpuset(folder: string): void {
  if (existsSync(join(folder, 'cgroup.controllers'))) return;
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const own = join(folder, file);
    if (existsSync(own) && readFileSync(own, 'utf8').trim() === '')
      writeFileSync(own, readFileSync(join(dirname(folder), file), 'utf8'));
  }
}
