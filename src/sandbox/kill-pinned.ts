import { startTimeOf } from '../discovery/pin.ts';
import type { Pinned } from '../model/sandbox.ts';

/** Kills a process, unless its number is another one's by now (proc_pid_stat(5)). One that has ended already is no error. */
export function killPinned({ pid, startTime }: Pinned): void {
  if (startTimeOf(pid) !== startTime) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just ended
  }
}
