import type { NamespaceType } from './namespace.ts';

/** One process as /proc shows it now (proc(5)). */
export interface Process {
  readonly pid: number;
  readonly ppid: number;
  /** Effective user id, as the observer's user namespace sees it. */
  readonly uid: number;
  /** /proc/PID/comm: at most 15 bytes. */
  readonly comm: string;
  /** /proc/PID/cmdline with its NULs as spaces; empty for kernel threads and zombies. */
  readonly command: string;
  /** One letter as in proc_pid_stat(5): R, S, D, Z, T … */
  readonly state: string;
  /** Clock ticks after boot (field 22 of stat): with the pid it names a process for good. */
  readonly startTime: number;
  /** Resident memory in bytes. */
  readonly rss: number;
  /** Namespace inodes; absent where the observer may not look (another user's process). */
  readonly namespaces: Readonly<Partial<Record<NamespaceType, number>>>;
  /** Whether the observer may look at its namespaces: not at those of another user's processes. */
  readonly readable: boolean;
  /** Lines of /proc/PID/cgroup, by hierarchy key: '' for v2, else the comma-joined v1 controllers or name=…. */
  readonly cgroups: Readonly<Record<string, string>>;
}
