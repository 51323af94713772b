/** The eight namespace types, by the names the kernel gives them under /proc/PID/ns (namespaces(7)). */
export const NAMESPACE_TYPES = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'] as const;

export type NamespaceType = (typeof NAMESPACE_TYPES)[number];

/** One namespace as the kernel shows it now. `inode` is what `readlink /proc/PID/ns/TYPE` prints in brackets. */
export interface Namespace {
  readonly type: NamespaceType;
  readonly inode: number;
  /** Processes in it, ascending. Empty for a namespace that only a bind mount keeps alive. */
  readonly pids: readonly number[];
  /** Paths that keep it alive by a bind mount, such as /run/netns/n1 (ip-netns(8)). */
  readonly paths: readonly string[];
}
