import * as v from 'valibot';
import type { FileWrite, LimitKind, UnitProperty, WrittenLimit } from './kind.ts';
import { exactly, wireCount } from './numbers.ts';

/** CPU time in microseconds of each period of microseconds. */
export interface CpuMax {
  readonly quota: number;
  readonly period: number;
}

/** Microseconds; the kernel's default for cpu.max (cgroup-v2.rst). */
const PERIOD = 100_000;
/** What the kernel takes, in microseconds (kernel/sched/core.c: min_cfs_quota_period, max_cfs_quota_period, MAX_BW). */
const PERIODS = { least: 1_000, most: 1_000_000 };
const QUOTAS = { least: 1_000, most: 2 ** 44 - 1 };

const CPU_MAX_PATTERN = /^(?:max(?: \d+)?|(\d+(?:\.\d{1,3})?)%|(\d+) (\d+))$/;

export const CPU_TIME: LimitKind<CpuMax> = {
  expected:
    'a share of one CPU such as "150%" (at least "1%"), a quota and a period in microseconds such as "150000 100000", or "max" for no limit',
  json: { pattern: CPU_MAX_PATTERN, type: 'string' },
  wire: v.strictObject({
    quota: wireCount(QUOTAS.least, QUOTAS.most),
    period: wireCount(PERIODS.least, PERIODS.most),
  }),
  read: cpuMaxOf,
  format: ({ quota, period }) => (period === PERIOD ? `${(quota * 100) / PERIOD}%` : `${quota} ${period}`),
  writes: (file, { quota, period }) => [exactly(file, `${quota} ${period}`)],
};

function cpuMaxOf(written: WrittenLimit): CpuMax | null | undefined {
  const match = typeof written === 'string' && CPU_MAX_PATTERN.exec(written);
  if (!match) return null;
  const [, percent, quota, period] = match;
  if (percent !== undefined) return inBounds({ quota: Math.round((Number(percent) * PERIOD) / 100), period: PERIOD });
  return quota === undefined ? undefined : inBounds({ quota: Number(quota), period: Number(period) });
}

function inBounds(limit: CpuMax): CpuMax | null {
  const { quota, period } = limit;
  const taken = quota >= QUOTAS.least && quota <= QUOTAS.most && period >= PERIODS.least && period <= PERIODS.most;
  return taken ? limit : null;
}

/** On v1 a file for each of the two (scheduler/sched-bwc.rst). */
export function legacyCpuTime({ quota, period }: CpuMax): readonly FileWrite[] {
  return [exactly('cpu.cfs_period_us', period), exactly('cpu.cfs_quota_us', quota)];
}

/** CPU time in microseconds of each second, rounded up: systemd rounds down when it counts back to the quota. */
export function cpuTimeProperties({ quota, period }: CpuMax): readonly UnitProperty[] {
  return [
    ['CPUQuotaPerSecUSec', 't', String(Math.ceil((quota * 1_000_000) / period))],
    ['CPUQuotaPeriodUSec', 't', String(period)],
  ];
}

/** What a weight of 100 is as shares; the kernel takes weights on v2 the same way (sched_weight_from_cgroup, MIN_SHARES, MAX_SHARES). */
export function sharesOf(weight: number): number {
  return Math.min(Math.max(Math.round((weight * 1024) / 100), 2), 2 ** 18);
}

/** CPUs that one kernel can have at most (NR_CPUS of x86 with MAXSMP). */
const MOST_CPUS = 8192;
const CPUS_PATTERN = /^(?:\d{1,4}(?:-\d{1,4})?(?:,\d{1,4}(?:-\d{1,4})?)*)?$/;

/** A list of CPUs as cpuset(7) formats lists, in its shortest form: `0-1,3`. Empty is no limit, as in the kernel's file. */
export const CPU_LIST: LimitKind<string> = {
  expected: `a list of CPUs such as "0-1,3" (numbers below ${MOST_CPUS}), or "" for all`,
  json: { pattern: CPUS_PATTERN, type: 'string' },
  wire: v.pipe(
    v.string(),
    v.maxLength(1024),
    v.regex(CPUS_PATTERN),
    v.check((text) => cpusOf(text) === text),
  ),
  read: cpusOf,
  format: (cpus) => cpus,
  writes: (file, cpus) => [cpusInto(file, cpus, 'cpuset.cpus.effective')],
};

/** The kernel keeps a list with CPUs that nobody has, and uses others: only what is in effect counts. */
export function cpusInto(file: string, cpus: string, seenIn: string): FileWrite {
  return { file, text: cpus, seenIn, holds: (kept) => cpusOf(kept.trim()) === cpus };
}

/** The numbers of a list of CPUs. */
export function cpuNumbers(cpus: string): readonly number[] {
  const numbers = cpus.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => first + index);
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}

function cpusOf(written: WrittenLimit): string | null | undefined {
  if (typeof written !== 'string' || !CPUS_PATTERN.test(written)) return null;
  if (written === '') return undefined;
  const ranges = written.split(',').map((range) => range.split('-').map(Number));
  const isRange = ([first = 0, last = first]: readonly number[]): boolean => first <= last && last < MOST_CPUS;
  return ranges.every(isRange) ? listOf(cpuNumbers(written)) : null;
}

/** Neighbours as ranges, as the kernel prints them. */
function listOf(numbers: readonly number[]): string {
  const starts = numbers.filter((number, index) => numbers[index - 1] !== number - 1);
  const ends = numbers.filter((number, index) => numbers[index + 1] !== number + 1);
  return starts
    .map((start, index) => (start === ends[index] ? `${start}` : `${start}-${ends[index] ?? start}`))
    .join(',');
}

/** A bit for each CPU, the first in the lowest bit of the first byte. */
export function allowedCpus(cpus: string): UnitProperty {
  const numbers = cpuNumbers(cpus);
  const bytes = new Uint8Array(Math.floor((numbers.at(-1) ?? 0) / 8) + 1);
  for (const number of numbers) bytes[number >> 3] = (bytes[number >> 3] ?? 0) | (1 << (number & 7));
  return ['AllowedCPUs', 'ay', String(bytes.length), ...[...bytes].map(String)];
}
