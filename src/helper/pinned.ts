import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { parseStartTime } from '../discovery/pin.ts';
import type { ProcessTarget } from '../protocol/helper.ts';

/**
 * Holds a process by a descriptor of its /proc folder while it is used: what is read through it is that process or an error
 * (ESRCH), never a later process of the same number.
 * @throws Error where the process of that number did not start at that time, or has ended.
 */
export function withPinned<Result>({ pid, startTime }: ProcessTarget, use: (pinned: number) => Result): Result {
  return withFile(`/proc/${pid}`, constants.O_DIRECTORY, (pinned) => {
    const started = parseStartTime(readFileSync(`/proc/self/fd/${pinned}/stat`, 'latin1'));
    if (started !== startTime) throw new Error(`process ${pid} is another one than was meant`);
    return use(pinned);
  });
}

/** Opens a file, or a namespace, which is then held whatever becomes of its path. */
export function withFile<Result>(path: string, flags: number, use: (file: number) => Result): Result {
  const file = openSync(path, flags | constants.O_RDONLY);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** Real, effective, saved and file system user id, all four (proc_pid_status(5)). */
export function belongsTo(pinned: number, uid: number): boolean {
  const status = readFileSync(`/proc/self/fd/${pinned}/status`, 'latin1');
  const ids = /^Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)$/m.exec(status)?.slice(1) ?? [];
  return ids.length === 4 && ids.every((id) => Number(id) === uid);
}
