import { readOnce } from './files.ts';

/** Where the kernel does not count, it prints this (fs/proc/base.c, proc_pid_schedstat). */
const UNCOUNTED = '0 0 0\n';

/**
 * Nanoseconds that the threads of a process have run and waited, and how often they were given a CPU: the same as before only
 * if none of them has run since, and never the same for two processes (Documentation/scheduler/sched-stats).
 * Undefined where the kernel does not count, or the process is gone.
 */
export function fingerprintOf(pid: number, otherThreads: readonly number[]): string | undefined {
  let all = readCounts(`/proc/${pid}/schedstat`);
  for (const tid of otherThreads) {
    const counts = readCounts(`/proc/${pid}/task/${tid}/schedstat`);
    if (all === undefined || counts === undefined) return undefined;
    all += counts;
  }
  return all;
}

function readCounts(path: string): string | undefined {
  const counts = readOnce(path)?.toString('latin1');
  return counts === undefined || counts === '' || counts === UNCOUNTED ? undefined : counts;
}
