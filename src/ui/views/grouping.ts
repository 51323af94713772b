import { rowsByContainer } from './groupings/container.ts';
import { rowsByHierarchy } from './groupings/hierarchy.ts';
import { rowsByOwner } from './groupings/owner.ts';
import { rowsByProcess } from './groupings/process.ts';
import { rowsByType } from './groupings/type.ts';
import type { Picture } from './picture.ts';
import type { Row } from './row.ts';

interface GroupingKind {
  readonly label: string;
  readonly detail: string;
  readonly icon: string;
  readonly rows: (picture: Picture) => readonly Row[];
}

/** The ways in which namespaces are grouped, in the order in which they are offered. */
export const GROUPINGS = {
  type: {
    label: 'Type',
    detail: 'user, mnt, pid, net, ipc, uts, cgroup, time',
    icon: 'symbol-namespace',
    rows: rowsByType,
  },
  process: {
    label: 'Process',
    detail: 'Each process with its namespaces',
    icon: 'server-process',
    rows: rowsByProcess,
  },
  hierarchy: {
    label: 'Hierarchy',
    detail: 'User and pid namespaces as trees of parents and children',
    icon: 'type-hierarchy',
    rows: rowsByHierarchy,
  },
  owner: {
    label: 'Owner',
    detail: 'Under the user namespace whose capabilities give a right over them',
    icon: 'account',
    rows: rowsByOwner,
  },
  container: {
    label: 'Container',
    detail: 'Sandboxes, Docker, Podman, Kubernetes, LXC, nspawn, Flatpak, units of systemd',
    icon: 'package',
    rows: rowsByContainer,
  },
} as const satisfies Readonly<Record<string, GroupingKind>>;

export type Grouping = keyof typeof GROUPINGS;

export function isGrouping(name: string): name is Grouping {
  return Object.hasOwn(GROUPINGS, name);
}
