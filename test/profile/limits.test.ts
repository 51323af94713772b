import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProblemError } from '../../src/model/problem.ts';
import { cpuNumbers } from '../../src/model/limits/cpu.ts';
import { LIMIT_KEYS, limitRow, type Limit, type LimitKey, type LimitValue } from '../../src/model/limits/table.ts';
import { formatLimit, isLimit, parseLimit } from '../../src/profile/limits.ts';

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
            args: expect.objectContaining({
              key: 'memory.max',
              expected: limitRow('memory.max').kind.expected,
            }) as unknown,
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

const rate = fc.option(fc.integer({ min: 1, max: 2 ** 32 - 2 }), { nil: undefined });
const deviceRates = fc
  .record({
    device: fc.oneof(fc.stringMatching(/^\/dev\/[a-z0-9/-]{1,9}$/), fc.stringMatching(/^\d{1,3}:\d{1,5}$/)),
    rbps: rate,
    wbps: rate,
    riops: rate,
    wiops: rate,
  })
  .filter(({ rbps, wbps, riops, wiops }) => [rbps, wbps, riops, wiops].some((value) => value !== undefined));

describe('memory.high, memory.low and memory.swap.max', () => {
  it('read bytes, each with its own word for none', () => {
    expect(parseLimit('memory.high', '48M')).toBe(48 * MIB);
    expect(parseLimit('memory.high', 'max')).toBeUndefined();
    expect(parseLimit('memory.low', '16M')).toBe(16 * MIB);
    expect(parseLimit('memory.low', 0)).toBeUndefined();
    expect(parseLimit('memory.swap.max', '0')).toBe(0);
    expect(parseLimit('memory.swap.max', 'max')).toBeUndefined();
    expect(formatLimit('memory.swap.max', 0)).toBe('0');
  });

  it('know no protection of everything', () => {
    expect(() => parseLimit('memory.low', 'max')).toThrow(ProblemError);
    expect(() => parseLimit('memory.high', 0)).toThrow(ProblemError);
    expect(() => parseLimit('memory.swap.max', -1)).toThrow(ProblemError);
  });
});

describe('cpu.weight', () => {
  it.each([
    [1, 1],
    ['250', 250],
    [10_000, 10_000],
  ])('reads %j', (value, weight) => {
    expect(parseLimit('cpu.weight', value)).toBe(weight);
  });

  it.each([0, '0', 10_001, 1.5, 'max', '50%', ''])('refuses %j', (value) => {
    expect(() => parseLimit('cpu.weight', value)).toThrow(ProblemError);
  });
});

describe('cpuset.cpus', () => {
  it.each([
    ['0', '0'],
    ['0-1,3', '0-1,3'],
    ['3,1,0', '0-1,3'],
    ['0-3,2-5,5', '0-5'],
    ['00', '0'],
    ['', undefined],
  ])('reads %j in its shortest form', (value, cpus) => {
    expect(parseLimit('cpuset.cpus', value)).toBe(cpus);
  });

  it.each(['1-0', '8192', '0-99999', '0,', '-1', '0 1', 'all', '0-', 1])('refuses %j', (value) => {
    expect(() => parseLimit('cpuset.cpus', value)).toThrow(ProblemError);
  });

  it('is the same set of CPUs, however it is written', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 30 }), (numbers) => {
        const list = parseLimit('cpuset.cpus', numbers.join(',')) ?? '';
        expect(cpuNumbers(list)).toEqual(numbers.toSorted((a, b) => a - b));
        expect(parseLimit('cpuset.cpus', list)).toBe(list);
      }),
    );
  });
});

describe('io.max', () => {
  const vda = { device: '/dev/vda', rbps: 10 * MIB, wiops: 100 };

  it('reads an object, and the same as one text', () => {
    expect(parseLimit('io.max', { '/dev/vda': 'rbps=10M wiops=100' })).toEqual([vda]);
    expect(parseLimit('io.max', '/dev/vda rbps=10M wiops=100, 8:0 wbps=1K')).toEqual([
      vda,
      { device: '8:0', wbps: 1024 },
    ]);
    expect(formatLimit('io.max', [vda])).toBe('/dev/vda rbps=10M wiops=100');
  });

  it('takes max for no limit', () => {
    expect(parseLimit('io.max', { '8:0': 'rbps=max riops=5' })).toEqual([{ device: '8:0', riops: 5 }]);
    expect(parseLimit('io.max', { '8:0': 'rbps=max' })).toBeUndefined();
    expect(parseLimit('io.max', {})).toBeUndefined();
  });

  it.each([
    { vda: 'rbps=1' },
    { '/dev/vda': 'rbps=0' },
    { '/dev/vda': 'rbps' },
    { '/dev/vda': 'rbps=1 rbps=2' },
    { '/dev/vda': 'riops=4294967295' },
    { '/dev/vda': 'riops=1K' },
    { '/dev/vda': '' },
    { '/dev/my disk': 'rbps=1' },
    '/dev/vda',
    'max',
    5,
  ])('refuses %j', (value) => {
    expect(() => parseLimit('io.max', value)).toThrow(ProblemError);
  });
});

describe('hugetlb.*.max', () => {
  it('is for the sizes of pages that there are', () => {
    expect(parseLimit('hugetlb.2MB.max', '1G')).toBe(1024 * MIB);
    expect(LIMIT_KEYS.filter((key) => key.startsWith('hugetlb.2'))).toEqual(['hugetlb.2MB.max', 'hugetlb.2GB.max']);
  });
});

/** What a limit is on each side, and what systemd is told. */
describe('a limit for the kernel', () => {
  const v1 = (key: LimitKey, value: LimitValue, others = {}) => {
    const writes = limitRow(key).v1(value, others);
    return typeof writes === 'string' ? writes : writes.map(({ file, text }) => `${file} ${text}`);
  };

  it.each([
    [1, 10],
    [100, 1024],
    [39, 399],
    [10_000, 102_400],
  ])('cpu.weight %j is %j shares on v1', (weight, shares) => {
    expect(v1('cpu.weight', weight)).toEqual([`cpu.shares ${shares}`]);
  });

  it('memory.swap.max counts together with memory.max on v1', () => {
    expect(v1('memory.swap.max', 5, { 'memory.max': 7 })).toEqual(['memory.memsw.limit_in_bytes 12']);
    expect(v1('memory.swap.max', 5)).toMatch(/memory\.max is needed too/);
  });

  it('io.max is a file for each rate on v1', () => {
    expect(v1('io.max', [{ major: 8, minor: 0, rbps: 5, wiops: 6 }])).toEqual([
      'blkio.throttle.read_bps_device 8:0 5',
      'blkio.throttle.write_iops_device 8:0 6',
    ]);
  });

  it('is a property of systemd', () => {
    expect(limitRow('cpuset.cpus').systemd?.('0-1,9')).toEqual([['AllowedCPUs', 'ay', '2', '3', '2']]);
    const disks = [8, 16].map((minor) => ({ major: 8, minor, rbps: 5 }));
    expect(limitRow('io.max').systemd?.(disks)).toEqual([
      ['IOReadBandwidthMax', 'a(st)', '2', '/dev/block/8:8', '5', '/dev/block/8:16', '5'],
    ]);
    expect('systemd' in limitRow('hugetlb.2MB.max')).toBe(false);
  });

  it('holds what the kernel rounds by less than a page, and no more', () => {
    const holds = (kept: string) => limitRow('memory.high').kind.writes('memory.high', 1_000_000)[0]?.holds(kept);
    expect(['999424\n', '1000000\n', '1003520\n', '900000\n', 'max\n', '\n'].map(holds)).toEqual([
      ...[true, true],
      ...[false, false, false, false],
    ]);
  });

  it('holds a disk whose line has the rates', () => {
    const [write] = limitRow('io.max').kind.writes('io.max', [{ major: 8, minor: 0, rbps: 5 }]);
    expect(write?.holds('8:16 rbps=5 wbps=max\n8:0 rbps=5 wbps=max riops=max wiops=max\n')).toBe(true);
    expect(write?.holds('8:16 rbps=5 wbps=max riops=max wiops=max\n')).toBe(false);
  });
});

describe('every limit', () => {
  it('reads what it writes', () => {
    const same = <Key extends LimitKey>(key: Key, limit: Limit<Key>) => {
      expect(parseLimit(key, formatLimit(key, limit))).toEqual(limit);
    };
    fc.assert(fc.property(bytes, (limit) => same('memory.max', limit)));
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 22 }), (limit) => same('pids.max', limit)));
    fc.assert(fc.property(cpuMax, (limit) => same('cpu.max', limit)));
    fc.assert(fc.property(bytes, (limit) => same('memory.low', limit)));
    fc.assert(fc.property(fc.oneof(bytes, fc.constant(0)), (limit) => same('memory.swap.max', limit)));
    fc.assert(fc.property(fc.integer({ min: 1, max: 10_000 }), (limit) => same('cpu.weight', limit)));
    fc.assert(fc.property(fc.array(deviceRates, { minLength: 1, maxLength: 5 }), (limit) => same('io.max', limit)));
  });

  it('writes the short text', () => {
    expect(formatLimit('memory.max', 64 * MIB)).toBe('64M');
    expect(formatLimit('memory.max', 1000)).toBe('1000');
    expect(formatLimit('pids.max', 1024)).toBe('1024');
    expect(formatLimit('cpu.max', { quota: 150_000, period: 100_000 })).toBe('150%');
    expect(formatLimit('cpu.max', { quota: 50_000, period: 20_000 })).toBe('50000 20000');
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
