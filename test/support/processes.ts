import { readdirSync, readFileSync } from 'node:fs';
import { startTimeOf } from '../../src/discovery/pin.ts';
import { killPinned } from '../../src/sandbox/kill-pinned.ts';

/** Processes that a test has started, and all that these have: none of them is left when it ends, whatever holds them up. */
export interface Started {
  /** Looks at them: those that lose their parent later are found by it. */
  readonly note: (pid: number | undefined) => void;
  readonly kill: () => void;
}

export function startedProcesses(): Started {
  const noted = new Map<number, number>();
  const note = (pid: number): void => {
    const startTime = startTimeOf(pid);
    if (startTime === undefined) return;
    noted.set(pid, startTime);
    for (const child of childrenOf(pid)) note(child);
  };
  return {
    note: (pid) => pid !== undefined && note(pid),
    kill: () => {
      for (const pid of [...noted.keys()]) if (startTimeOf(pid) === noted.get(pid)) note(pid);
      for (const [pid, startTime] of noted) killPinned({ pid, startTime });
    },
  };
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => parentOf(entry) === pid)
    .map(Number);
}

/** Field 4 of proc_pid_stat(5), counted after the name in brackets, which may hold anything. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it has ended
  }
}
