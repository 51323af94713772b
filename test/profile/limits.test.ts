import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/model/problem.ts';
import { LIMIT_KEYS, type LimitKey } from '../../src/model/profile.ts';
import { formatLimit, isLimit, LIMIT_EXPECTED, parseLimit } from '../../src/profile/limits.ts';

const MIB = 1024 ** 2;

describe('memory.max', () => {
  it.each([
    ['64M', 64 * MIB],
    ['64 MiB', 64 * MIB],
    ['64m', 64 * MIB],
    ['1.5G', 1536 * MIB],
    ['2T', 2 * MIB * MIB],
    ['4096', 4096],
    [4096, 4096],
    ['max', undefined],
  ])('reads %j as %j bytes', (value, bytes) => {
    expect(parseLimit('memory.max', value)).toBe(bytes);
  });

  it.each([
    -1,
    '-1',
    0,
    '0',
    '12 parsecs',
    NaN,
    Infinity,
    1.5,
    '0.3K',
    '1.5',
    '64MB',
    '64 ',
    '',
    2 ** 53,
    '9000T',
    'M',
  ])('refuses %j, and says what to write', (value) => {
    expect(() => parseLimit('memory.max', value)).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({
            code: 'wrongValue',
            args: expect.objectContaining({ key: 'memory.max', expected: LIMIT_EXPECTED['memory.max'] }) as unknown,
          }),
        ],
      }),
    );
  });
});

describe('pids.max', () => {
  it.each([
    [256, 256],
    ['256', 256],
    [4194304, 4194304],
    ['max', undefined],
  ])('reads %j', (value, count) => {
    expect(parseLimit('pids.max', value)).toBe(count);
  });

  it.each([0, -1, 1.5, '1K', '12 parsecs', 4194305, NaN, ''])('refuses %j', (value) => {
    expect(() => parseLimit('pids.max', value)).toThrow(ProblemError);
  });
});

describe('cpu.max', () => {
  it.each([
    ['150%', { quota: 150_000, period: 100_000 }],
    ['1%', { quota: 1000, period: 100_000 }],
    ['12.345%', { quota: 12_345, period: 100_000 }],
    ['50000 20000', { quota: 50_000, period: 20_000 }],
    ['max', undefined],
    ['max 100000', undefined],
  ])('reads %j', (value, limit) => {
    expect(parseLimit('cpu.max', value)).toEqual(limit);
  });

  it.each([1.5, 150, '150', '0%', '-1', '0.9%', '999 100000', '50000 999', '50000 1000001', '12 parsecs', '1e3%'])(
    'refuses %j',
    (value) => {
      expect(() => parseLimit('cpu.max', value)).toThrow(ProblemError);
    },
  );
});

const bytes = fc.oneof(
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  fc.tuple(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 0, max: 4 })).map(([n, power]) => n * 1024 ** power),
);
const cpuMax = fc.record({
  quota: fc.integer({ min: 1000, max: 2 ** 44 - 1 }),
  period: fc.oneof(fc.constant(100_000), fc.integer({ min: 1000, max: 1_000_000 })),
});

describe('every limit', () => {
  it('reads what it writes', () => {
    const same = <Key extends LimitKey>(key: Key, limit: Parameters<typeof formatLimit<Key>>[1]) => {
      expect(parseLimit(key, formatLimit(key, limit))).toEqual(limit);
    };
    fc.assert(fc.property(fc.option(bytes, { nil: undefined }), (limit) => same('memory.max', limit)));
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 22 }), (limit) => same('pids.max', limit)));
    fc.assert(fc.property(cpuMax, (limit) => same('cpu.max', limit)));
  });

  it('writes the short text', () => {
    expect(formatLimit('memory.max', 64 * MIB)).toBe('64M');
    expect(formatLimit('memory.max', 1000)).toBe('1000');
    expect(formatLimit('pids.max', 1024)).toBe('1024');
    expect(formatLimit('cpu.max', { quota: 150_000, period: 100_000 })).toBe('150%');
    expect(formatLimit('cpu.max', { quota: 50_000, period: 20_000 })).toBe('50000 20000');
    expect(formatLimit('cpu.max', undefined)).toBe('max');
  });

  it('throws nothing but problems, whatever the value', () => {
    const value = fc.oneof(
      fc.string(),
      fc.double(),
      fc.stringMatching(/^\d{1,20}(\.\d{1,4})?( ?[KMGT](iB)?|%| \d{1,9})?$/),
    );
    fc.assert(
      fc.property(fc.constantFrom(...LIMIT_KEYS), value, (key, given) => {
        if (isLimit(key, given)) parseLimit(key, given);
        else expect(() => parseLimit(key, given)).toThrow(ProblemError);
      }),
    );
  });
});
