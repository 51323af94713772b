import type { NamespaceType } from '../../model/namespace.ts';

/** For each type its icon, and what is isolated. */
export const TYPES: Readonly<Record<NamespaceType, { readonly icon: string; readonly isolates: string }>> = {
  user: { icon: 'account', isolates: 'user and group ids, capabilities' },
  mnt: { icon: 'folder-library', isolates: 'mounts' },
  pid: { icon: 'list-tree', isolates: 'process ids' },
  net: { icon: 'globe', isolates: 'network devices, addresses, ports' },
  ipc: { icon: 'comment-discussion', isolates: 'System V IPC, message queues' },
  uts: { icon: 'tag', isolates: 'host name' },
  cgroup: { icon: 'dashboard', isolates: 'cgroup root' },
  time: { icon: 'watch', isolates: 'boot and monotonic clocks' },
};
