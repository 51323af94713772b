import { readdirSync, readlinkSync } from 'node:fs';

/** The processes in the pid namespace of one. */
export function processesBeside(pid: number): readonly string[] {
  const namespace = readlinkSync(`/proc/${pid}/ns/pid`);
  return readdirSync('/proc').filter((other) => /^\d+$/.test(other) && pidNamespace(other) === namespace);
}

/** Undefined where it has just ended. */
function pidNamespace(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
