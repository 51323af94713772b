import * as v from 'valibot';
import type { FileWrite, LimitKind, WrittenLimit } from './kind.ts';

const UNITS = ['', 'K', 'M', 'G', 'T'];

/** How a number of bytes looks as text: K, M, G and T are powers of 1024. */
export const BYTES_PATTERN = /^(\d+(?:\.\d+)?)(?: ?([KMGTkmgt])(?:iB)?)?$/;

/** A whole number between two bounds; null for anything else. */
export function countOf(value: number, least = 1, most = Number.MAX_SAFE_INTEGER): number | null {
  return Number.isSafeInteger(value) && value >= least && value <= most ? value : null;
}

/** A number of bytes, with or without a unit; null for anything else. */
export function bytesOf(value: WrittenLimit, least = 1): number | null {
  if (typeof value === 'number') return countOf(value, least);
  const match = typeof value === 'string' && BYTES_PATTERN.exec(value);
  if (!match) return null;
  const [, amount, unit = ''] = match;
  return countOf(Number(amount) * 1024 ** UNITS.indexOf(unit.toUpperCase()), least);
}

/** The shortest text of a number of bytes: `64M`. */
export function bytesText(bytes: number): string {
  const power = bytes === 0 ? 0 : UNITS.findLastIndex((_, index) => bytes % 1024 ** index === 0);
  return `${bytes / 1024 ** power}${UNITS[power] ?? ''}`;
}

/** A whole number between two bounds, in a message. */
export function wireCount(least: number, most: number): v.GenericSchema<number> {
  return v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
}

/** The kernel rounds memory down to whole pages: of at most 64 KiB on the machines there are. */
const LARGEST_PAGE = 65_536;

/** Most bytes, of which the kernel keeps whole pages; `max` is no limit. */
export function mostBytes(least: 0 | 1, page = LARGEST_PAGE): LimitKind<number> {
  return {
    expected: `a whole, ${least === 0 ? 'not negative' : 'positive'} number of bytes (below 2^53), such as 1073741824, "512M", "1.5G" or "max" for no limit`,
    json: { pattern: new RegExp(`^(?:max|${inner(BYTES_PATTERN)})$`), minimum: least },
    wire: wireCount(least, Number.MAX_SAFE_INTEGER),
    read: (written) => (written === 'max' ? undefined : bytesOf(written, least)),
    format: bytesText,
    writes: (file, value) => [bytesInto(file, value, page)],
  };
}

/** Bytes that are protected; 0 is no protection, as the kernel has it, to which `max` would be all there is. */
export const PROTECTED_BYTES: LimitKind<number> = {
  expected: 'a whole number of bytes (below 2^53), such as 1073741824, "512M", "1.5G" or 0 for no protection',
  json: { pattern: BYTES_PATTERN, minimum: 0 },
  wire: wireCount(1, Number.MAX_SAFE_INTEGER),
  read: (written) => bytesOf(written, 0) || (bytesOf(written, 0) === 0 ? undefined : null),
  format: bytesText,
  writes: (file, value) => [bytesInto(file, value)],
};

/** Bytes in a file that keeps whole pages. */
export function bytesInto(file: string, value: number, page = LARGEST_PAGE): FileWrite {
  const isRounded = (kept: number): boolean => kept <= value && value - kept < page;
  return { file, text: String(value), holds: (kept) => kept.trim() !== '' && isRounded(Number(kept)) };
}

/** A number in a file that keeps it as it is. */
export function exactly(file: string, value: number | string): FileWrite {
  return { file, text: String(value), holds: (kept) => kept.trim() === String(value) };
}

/** At most so many; `max` is no limit. */
export function mostCount(most: number): LimitKind<number> {
  return {
    ...numberWithin(1, most),
    json: { pattern: /^(?:max|\d+)$/, minimum: 1 },
    expected: `a whole number from 1 to ${most}, or "max" for no limit`,
    read: (written) => (written === 'max' ? undefined : numberOf(written, 1, most)),
  };
}

/** A number between two bounds, without a word for none. */
export function numberWithin(least: number, most: number): LimitKind<number> {
  return {
    expected: `a whole number from ${least} to ${most}`,
    json: { pattern: /^\d+$/, minimum: least },
    wire: wireCount(least, most),
    read: (written) => numberOf(written, least, most),
    format: String,
    writes: (file, value) => [exactly(file, value)],
  };
}

function numberOf(written: WrittenLimit, least: number, most: number): number | null {
  if (typeof written === 'string') return /^\d+$/.test(written) ? countOf(Number(written), least, most) : null;
  return typeof written === 'number' ? countOf(written, least, most) : null;
}

function inner({ source }: RegExp): string {
  return source.slice(1, -1);
}
