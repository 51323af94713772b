import { readFileSync } from 'node:fs';

/** A kernel parameter by its path beneath /proc/sys; undefined where this kernel has none of the name. */
export function readSetting(name: string): string | undefined {
  return readIfThere(`/proc/sys/${name}`)?.trim();
}

/** Whether a line `key: value` of /proc/self/status says so (proc_pid_status(5)). */
export function ownStatus(key: string): string | undefined {
  return new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(readIfThere('/proc/self/status') ?? '')?.[1];
}

/** The text of a small file, or undefined where it is not there or closed to us. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
