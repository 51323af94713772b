import { existsSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import { emptyFile, emptyFolder } from './closed-paths.ts';
import { bindFile, NO_MOUNTS, tmpfs, type MountEntry, type MountPlan } from './mounts.ts';

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const;
const DEVICE_LINKS = ['/dev/fd', '/dev/stdin', '/dev/stdout', '/dev/stderr'] as const;

/** Paths that the OCI runtime specification's default masks; what the running kernel has of them is masked. */
const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
] as const;

const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'] as const;

export interface SystemMountsRequest {
  readonly ownNetwork: boolean;
  readonly ownQueues: boolean;
  /** Whether /dev needs a tmpfs of its own: not with a bare root, which has the files and links that stand in it. */
  readonly ownDev: boolean;
}

/**
 * What every sandbox has, whatever its root: its own proc, sysfs, devices, terminals, message queues and temporary
 * folders, with the masks of the OCI runtime specification (config-linux.md, "Default Filesystems", "Masked Paths").
 * A sysfs is mounted only with a network namespace of its own, message queues (mq_overview(7)) only with an ipc namespace
 * of its own: the kernel refuses both otherwise.
 */
export function systemMounts({ ownNetwork, ownQueues, ownDev }: SystemMountsRequest): MountPlan {
  const noExec = ['nosuid', 'nodev', 'noexec'];
  const sysfs = { source: 'sysfs', target: '/sys', type: 'sysfs', options: ['ro', ...noExec] };
  const queues = { source: 'mqueue', target: '/dev/mqueue', type: 'mqueue', options: [...noExec] };
  const dev = { source: 'tmpfs', target: '/dev', type: 'tmpfs', options: ['nosuid', 'mode=755'] };
  return {
    ...NO_MOUNTS,
    first: [
      { source: 'proc', target: '/proc', type: 'proc', options: [...noExec] },
      ...(ownNetwork ? [sysfs] : []),
      ...(ownDev ? [dev] : []),
      {
        source: 'devpts',
        target: '/dev/pts',
        type: 'devpts',
        options: ['newinstance', 'ptmxmode=0666', 'mode=620', 'nosuid', 'noexec'],
      },
      tmpfs('/dev/shm', '1777'),
      ...(ownQueues ? [queues] : []),
      tmpfs('/run', '755'),
      tmpfs('/tmp', '1777'),
      tmpfs('/var/tmp', '1777'),
    ],
    links: DEVICE_LINKS.filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true).map(
      (path) => ({ path, to: readlinkSync(path) }),
    ),
    files: ['/dev/ptmx', ...DEVICES.map((device) => `/dev/${device}`)],
    second: [
      { ...bindFile('/dev/pts/ptmx', '/dev/ptmx', ['nosuid', 'noexec']), inside: true },
      ...DEVICES.map((device) => bindFile(`/dev/${device}`, `/dev/${device}`, ['nosuid', 'noexec'])),
      ...masks(ownNetwork),
    ],
  };
}

function masks(sysfsMounted: boolean): readonly MountEntry[] {
  const isThere = (path: string): boolean => (sysfsMounted || !path.startsWith('/sys/')) && existsSync(path);
  return [
    ...MASKED.filter(isThere).map((path) => (statSync(path).isDirectory() ? emptyFolder(path) : emptyFile(path))),
    ...READ_ONLY.filter(isThere).map(readOnlyItself),
  ];
}

const readOnlyItself = (path: string): MountEntry => ({
  source: path,
  inside: true,
  target: path,
  type: 'none',
  options: ['bind', 'ro', 'nosuid', 'nodev', 'noexec'],
});
