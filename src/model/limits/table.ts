import type * as v from 'valibot';
import { allowedCpus, CPU_LIST, CPU_TIME, cpusInto, cpuTimeProperties, legacyCpuTime, sharesOf } from './cpu.ts';
import { IO_RATES, legacyRates, rateProperties } from './io.ts';
import type { LimitRow, UnitProperty } from './kind.ts';
import { bytesInto, exactly, mostBytes, mostCount, numberWithin, PROTECTED_BYTES } from './numbers.ts';

/*
 * The limits of a sandbox by their cgroup v2 names (cgroup-v2.rst of the kernel), and all that is known of each: how it is written
 * in a profile and in a message, what it is as files of cgroup v2 and v1, and as a property of a systemd unit.
 */

/** PID_MAX_LIMIT of a 64-bit kernel: pids.max takes no more. */
const MOST_PIDS = 2 ** 22;
const BYTES = mostBytes(1);
const BYTES_OR_NONE = mostBytes(0);

const MEMORY_EXAMPLES = ['64M', '1G', '4G', 'max'];

function number(name: string): (value: number) => readonly UnitProperty[] {
  return (value) => [[name, 't', String(value)]];
}

/** Pages beyond the usual ones, by the names that the controller gives them (hugetlbpage.rst; mm/hugetlb_cgroup.c, mem_fmt). */
const HUGE_PAGES = {
  '64KB': 2 ** 16,
  '1MB': 2 ** 20,
  '2MB': 2 ** 21,
  '16MB': 2 ** 24,
  '32MB': 2 ** 25,
  '512MB': 2 ** 29,
  '1GB': 2 ** 30,
  '2GB': 2 ** 31,
  '16GB': 2 ** 34,
} as const;
type HugePage = keyof typeof HUGE_PAGES;

function hugePageRows(): Readonly<Record<`hugetlb.${HugePage}.max`, LimitRow<number>>> {
  const rows = Object.entries(HUGE_PAGES).map(([name, size]) => [`hugetlb.${name}.max`, hugePageRow(name, size)]);
  return Object.fromEntries(rows) as Readonly<Record<`hugetlb.${HugePage}.max`, LimitRow<number>>>;
}

function hugePageRow(name: string, size: number): LimitRow<number> {
  return {
    kind: mostBytes(0, size),
    controller: 'hugetlb',
    description: `Most memory in huge pages of ${name}, in bytes. "max" is no limit.`,
    examples: ['0', '1G', 'max'],
    v1: (value) => [bytesInto(`hugetlb.${name}.limit_in_bytes`, value, size)],
  };
}

const LIMITS = {
  'memory.max': {
    kind: BYTES,
    controller: 'memory',
    description: 'Most memory in bytes; K, M, G and T are powers of 1024. "max" is no limit.',
    examples: MEMORY_EXAMPLES,
    v1: (value) => [bytesInto('memory.limit_in_bytes', value)],
    systemd: number('MemoryMax'),
  } satisfies LimitRow<number>,
  'memory.high': {
    kind: BYTES,
    controller: 'memory',
    description: 'Memory in bytes above which its processes are slowed down, and not killed. "max" is no limit.',
    examples: MEMORY_EXAMPLES,
    v1: () => 'cgroup v1 has nothing that slows processes down, and its memory.soft_limit_in_bytes does not',
    systemd: number('MemoryHigh'),
  } satisfies LimitRow<number>,
  'memory.low': {
    kind: PROTECTED_BYTES,
    controller: 'memory',
    description: 'Memory in bytes that is taken back last where the machine is short of it. 0 is no protection.',
    examples: ['0', '64M', '1G'],
    v1: () => 'cgroup v1 protects no memory',
    systemd: number('MemoryLow'),
  } satisfies LimitRow<number>,
  'memory.swap.max': {
    kind: BYTES_OR_NONE,
    controller: 'memory',
    description: 'Most swap in bytes; 0 is none. "max" is no limit.',
    examples: ['0', ...MEMORY_EXAMPLES],
    v1: (value, { 'memory.max': memory }) =>
      memory === undefined
        ? 'cgroup v1 limits memory and swap only together, so that memory.max is needed too'
        : [bytesInto('memory.memsw.limit_in_bytes', memory + value)],
    systemd: number('MemorySwapMax'),
  } satisfies LimitRow<number>,
  'pids.max': {
    kind: mostCount(MOST_PIDS),
    controller: 'pids',
    description: 'Most processes and threads at the same time. "max" is no limit.',
    examples: ['64', '256', '1024', 'max'],
    v1: (value) => [exactly('pids.max', value)],
    systemd: number('TasksMax'),
  } satisfies LimitRow<number>,
  'cpu.max': {
    kind: CPU_TIME,
    controller: 'cpu',
    description: 'CPU time: 100% is one CPU, or QUOTA PERIOD in microseconds. "max" is no limit.',
    examples: ['50%', '150%', '50000 100000', 'max'],
    v1: legacyCpuTime,
    systemd: cpuTimeProperties,
  },
  'cpu.weight': {
    kind: numberWithin(1, 10_000),
    controller: 'cpu',
    description: 'Share of the CPUs where others want them too, from 1 to 10000; others have 100.',
    examples: ['10', '100', '1000'],
    v1: (value) => [exactly('cpu.shares', sharesOf(value))],
    systemd: number('CPUWeight'),
  } satisfies LimitRow<number>,
  'cpuset.cpus': {
    kind: CPU_LIST,
    controller: 'cpuset',
    description: 'The CPUs on which its processes run, as a list of numbers and ranges. "" is all.',
    examples: ['0', '0-1,3'],
    v1: (value) => [cpusInto('cpuset.cpus', value, 'cpuset.effective_cpus')],
    systemd: (value) => [allowedCpus(value)],
  } satisfies LimitRow<string>,
  'io.max': {
    kind: IO_RATES,
    controller: 'io',
    description:
      'Bytes (rbps, wbps) and operations (riops, wiops) in a second that are read from and written to a disk, by its path or numbers.',
    examples: [{ '/dev/vda': 'rbps=10M wiops=100' }],
    flatOnV1: true,
    v1: legacyRates,
    systemd: rateProperties,
  },
  ...hugePageRows(),
} as const;

export type LimitKey = keyof typeof LIMITS;
type Kind<Key extends LimitKey> = (typeof LIMITS)[Key]['kind'];
/** A limit as a profile asks for it. */
export type Limit<Key extends LimitKey = LimitKey> = NonNullable<ReturnType<Kind<Key>['read']>>;
/** The same as the kernel takes it: bytes, counts, microseconds, numbers of disks. */
export type LimitValue<Key extends LimitKey = LimitKey> = v.InferOutput<Kind<Key>['wire']>;

/** Limits to set; those left out are not limited. */
export type LimitValues = { readonly [Key in LimitKey]?: LimitValue<Key> | undefined };

/** An absent key is no limit. `strict`: a limit that cannot be had is an error. `best-effort`: it is said, and the sandbox starts. */
export type Limits = { readonly mode: 'strict' | 'best-effort' } & {
  readonly [Key in LimitKey]?: Limit<Key> | undefined;
};

export const LIMIT_KEYS = Object.keys(LIMITS) as readonly LimitKey[];

export function isLimitKey(key: string): key is LimitKey {
  return Object.hasOwn(LIMITS, key);
}

/** Of a key that is not known before: its row takes values of this key only. */
export function limitRow(key: LimitKey): LimitRow<Limit, LimitValue> {
  return LIMITS[key];
}

export function askedKeys(limits: LimitValues | Limits): readonly LimitKey[] {
  return LIMIT_KEYS.filter((key) => limits[key] !== undefined);
}

/** What a hierarchy of this version calls the controller of a limit (cgroup-v2.rst, "IO"; cgroup-v1/blkio-controller.rst). */
export function controllerOf(key: LimitKey, version: 1 | 2): string {
  const { controller } = limitRow(key);
  return version === 1 && controller === 'io' ? 'blkio' : controller;
}
