import { fail } from '../model/problem.ts';
import type { CpuMax, LimitKey, Limits } from '../model/profile.ts';

const UNITS = ['', 'K', 'M', 'G', 'T'];

/** Microseconds; the kernel's default for cpu.max (cgroup-v2.rst). */
const PERIOD = 100_000;
/** What the kernel takes, in microseconds (kernel/sched/core.c: min_cfs_quota_period, max_cfs_quota_period, MAX_BW). */
const PERIODS = { least: 1_000, most: 1_000_000 };
const QUOTAS = { least: 1_000, most: 2 ** 44 - 1 };
/** PID_MAX_LIMIT of a 64-bit kernel: pids.max takes no more. */
const MOST_PIDS = 2 ** 22;

/** How the text of each limit looks. Numbers that the kernel refuses also match: `isLimit` has the last word. */
export const LIMIT_PATTERNS: Readonly<Record<LimitKey, RegExp>> = {
  'memory.max': /^(?:max|(\d+(?:\.\d+)?)(?: ?([KMGTkmgt])(?:iB)?)?)$/,
  'pids.max': /^(?:max|\d+)$/,
  'cpu.max': /^(?:max(?: \d+)?|(\d+(?:\.\d{1,3})?)%|(\d+) (\d+))$/,
};

/** What to write instead, to stand after "it must be". */
export const LIMIT_EXPECTED: Readonly<Record<LimitKey, string>> = {
  'memory.max':
    'a whole, positive number of bytes (below 2^53), such as 1073741824, "512M", "1.5G" or "max" for no limit',
  'pids.max': `a whole number from 1 to ${MOST_PIDS}, or "max" for no limit`,
  'cpu.max':
    'a share of one CPU such as "150%" (at least "1%"), a quota and a period in microseconds such as "150000 100000", or "max" for no limit',
};

type Reader<Key extends LimitKey> = (value: string | number) => Limits[Key] | null;

/** Null is not a limit; undefined is no limit (`max`). */
const READERS: { readonly [Key in LimitKey]: Reader<Key> } = {
  'memory.max': (value) => (typeof value === 'number' ? countOf(value) : bytesOf(value)),
  'pids.max': (value) => (typeof value === 'number' ? countOf(value, MOST_PIDS) : pidsOf(value)),
  'cpu.max': (value) => (typeof value === 'number' ? null : cpuMaxOf(value)),
};

/**
 * A limit as cgroup-v2.rst writes it, with units for people: bytes for `memory.max` (K, M, G and T are powers of 1024),
 * a count for `pids.max`, microseconds for `cpu.max`. `max` is no limit: undefined.
 * @throws ProblemError wrongValue
 */
export function parseLimit<Key extends LimitKey>(key: Key, value: string | number): Limits[Key] {
  const limit = READERS[key](value);
  if (limit === null)
    fail('wrongValue', {
      key,
      value: typeof value === 'number' ? String(value) : JSON.stringify(value),
      expected: LIMIT_EXPECTED[key],
    });
  return limit;
}

/** How a number of bytes looks as text. */
export const bytesPattern = /^\d+(?:\.\d+)?(?: ?[KMGTkmgt](?:iB)?)?$/.source;

/** A number of bytes, with or without a unit (powers of 1024); undefined for anything else. */
export function parseBytes(value: string | number): number | undefined {
  const bytes = typeof value === 'number' ? countOf(value) : value === 'max' ? null : bytesOf(value);
  return bytes ?? undefined;
}

/** Whether `parseBytes` takes it. */
export function isBytes(value: string | number): boolean {
  return parseBytes(value) !== undefined;
}

/** Whether `parseLimit` would take it. */
export function isLimit(key: LimitKey, value: string | number): boolean {
  return READERS[key](value) !== null;
}

/** The shortest text that `parseLimit` reads as the same limit: `64M`, `256`, `150%`, `50000 20000`, `max`. */
export function formatLimit<Key extends LimitKey>(key: Key, limit: Limits[Key]): string {
  if (limit === undefined) return 'max';
  if (typeof limit === 'object') return cpuMaxText(limit);
  return key === 'memory.max' ? bytesText(limit) : String(limit);
}

function countOf(value: number, most = Number.MAX_SAFE_INTEGER): number | null {
  return Number.isSafeInteger(value) && value >= 1 && value <= most ? value : null;
}

function bytesOf(text: string): number | null | undefined {
  const match = LIMIT_PATTERNS['memory.max'].exec(text);
  if (!match) return null;
  const [, amount, unit = ''] = match;
  return amount === undefined ? undefined : countOf(Number(amount) * 1024 ** UNITS.indexOf(unit.toUpperCase()));
}

function bytesText(bytes: number): string {
  const power = UNITS.findLastIndex((_, index) => bytes % 1024 ** index === 0);
  return `${bytes / 1024 ** power}${UNITS[power] ?? ''}`;
}

function pidsOf(text: string): number | null | undefined {
  if (text === 'max') return undefined;
  return LIMIT_PATTERNS['pids.max'].test(text) ? countOf(Number(text), MOST_PIDS) : null;
}

function cpuMaxOf(text: string): CpuMax | null | undefined {
  const match = LIMIT_PATTERNS['cpu.max'].exec(text);
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

function cpuMaxText({ quota, period }: CpuMax): string {
  return period === PERIOD ? `${(quota * 100) / PERIOD}%` : `${quota} ${period}`;
}
