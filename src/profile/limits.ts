import type { WrittenLimit } from '../model/limits/kind.ts';
import { BYTES_PATTERN, bytesOf } from '../model/limits/numbers.ts';
import { limitRow, type Limit, type LimitKey } from '../model/limits/table.ts';
import { fail } from '../model/problem.ts';

/**
 * A limit as cgroup-v2.rst writes it, with units for people. Undefined is no limit.
 * @throws ProblemError wrongValue
 */
export function parseLimit<Key extends LimitKey>(key: Key, written: WrittenLimit): Limit<Key> | undefined {
  const { kind } = limitRow(key);
  const limit = kind.read(written) as Limit<Key> | undefined | null;
  if (limit === null) {
    const value = typeof written === 'number' ? String(written) : JSON.stringify(written);
    fail('wrongValue', { key, value, expected: kind.expected });
  }
  return limit;
}

/** Whether `parseLimit` would take it. */
export function isLimit(key: LimitKey, written: WrittenLimit): boolean {
  return limitRow(key).kind.read(written) !== null;
}

/** The shortest text that `parseLimit` reads as the same limit: `64M`, `256`, `150%`, `50000 20000`, `0-1,3`. */
export function formatLimit<Key extends LimitKey>(key: Key, limit: Limit<Key>): string {
  return limitRow(key).kind.format(limit);
}

/** How a number of bytes looks as text. */
export const bytesPattern = BYTES_PATTERN.source;

/** A number of bytes, with or without a unit (powers of 1024); undefined for anything else. */
export function parseBytes(value: string | number): number | undefined {
  return bytesOf(value) ?? undefined;
}

/** Whether `parseBytes` takes it. */
export function isBytes(value: string | number): boolean {
  return parseBytes(value) !== undefined;
}
