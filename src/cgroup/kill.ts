import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { distinctFolders, type LimitFolders } from './limits.ts';

/**
 * Kills every process of cgroups, in one step where the kernel can (`cgroup.kill`, since Linux 5.14; cgroup-v2.rst), else one by one.
 * It passes over a process that may not be killed or has just ended.
 */
export function killCgroups(folders: LimitFolders): void {
  for (const folder of distinctFolders(folders)) {
    try {
      const file = join(folder, 'cgroup.kill');
      if (existsSync(file)) writeFileSync(file, '1');
      else killEach(folder);
    } catch {
      // gone, or not the caller's
    }
  }
}

/** A process that is forked meanwhile is found by the next look. */
function killEach(folder: string): void {
  for (let look = 0; look < 10; look += 1) {
    const pids = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    if (pids.length === 0) return;
    for (const pid of pids) killOne(pid);
  }
}

/** The kernel says 0 for a process that this pid namespace does not see (cgroup-v2.rst); to kill(2) that is the caller's own group. */
function killOne(pid: number): void {
  if (pid <= 0) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has just ended, or may not be killed
  }
}
