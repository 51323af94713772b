import { readFileSync } from 'node:fs';
import type { LimitValues } from '../../model/limits/table.ts';
import type { MountEntry, MountPlan } from '../mounts.ts';

/**
 * What bounds a sandbox whoever keeps its limits, and where nobody does: the size of each tmpfs(5), and what the kernel counts for
 * a user namespace.
 */

/** As many terminals as one sandbox gets of those of the machine (`max` of devpts, the kernel's devpts.rst). */
const MOST_TERMINALS = 'max=256';

/** No tmpfs is larger than the memory that the sandbox may have; one that has a size keeps it. */
export function boundMounts(plan: MountPlan, { 'memory.max': memory }: LimitValues): MountPlan {
  const bound = (entry: MountEntry): MountEntry => {
    if (entry.type === 'devpts') return { ...entry, options: [...entry.options, MOST_TERMINALS] };
    const isBounded = memory === undefined || entry.options.some((option) => option.startsWith('size='));
    return entry.type !== 'tmpfs' || isBounded ? entry : { ...entry, options: [...entry.options, `size=${memory}`] };
  };
  return { ...plan, first: plan.first.map(bound), second: plan.second.map(bound) };
}

/** Files of /proc/sys/user (namespaces(7)) whose counts its user shares with what runs outside: a sandbox gets half of them. */
const SHARED = ['max_inotify_instances', 'max_inotify_watches', 'max_fanotify_groups', 'max_fanotify_marks'] as const;

const NAMESPACES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;

/** More than a sandbox in a sandbox takes, and fewer than would be a load for the machine. */
const MOST_NAMESPACES = 256;

/** What is written to files of /proc/sys/user in the user namespace of a sandbox. */
export function userLimits(): Readonly<Record<string, number>> {
  const halves = SHARED.flatMap((name) => {
    const most = readNumber(`/proc/sys/user/${name}`);
    return most === undefined ? [] : [[name, Math.floor(most / 2)] as const];
  });
  const namespaces = NAMESPACES.map((type) => [`max_${type}_namespaces`, MOST_NAMESPACES] as const);
  return Object.fromEntries([...halves, ...namespaces]);
}

/** Undefined on a kernel without it. */
function readNumber(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
