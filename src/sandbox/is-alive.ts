import { startTimeOf } from '../discovery/pin.ts';
import type { SandboxRecord } from '../state/records.ts';

/** Whether the PID 1 of a sandbox lives, or the process that is making it. */
export function isAlive({ sandbox, launcher }: SandboxRecord): boolean {
  const { pid, startTime } = sandbox ?? launcher;
  return startTimeOf(pid) === startTime;
}
