import type { Pinned } from '../model/sandbox.ts';
import { readOnce } from './files.ts';

/**
 * When a process started, in clock ticks after boot: with its pid that names it for good, while a pid alone is used again.
 * Undefined when it is gone or has ended and is not reaped yet (proc_pid_stat(5), fields 3 and 22).
 */
export function startTimeOf(pid: number): number | undefined {
  const stat = readOnce(`/proc/${pid}/stat`);
  return stat && parseStartTime(stat.toString('latin1'));
}

/** This process, so named. */
export function thisProcess(): Pinned {
  return { pid: process.pid, startTime: startTimeOf(process.pid) ?? 0 };
}

/** Fields are counted after the name, which stands in brackets and may hold blanks and brackets itself. */
export function parseStartTime(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startTime = Number(fields[19]);
  return state === 'Z' || state === 'X' || !Number.isInteger(startTime) ? undefined : startTime;
}
