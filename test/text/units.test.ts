import { describe, expect, it } from 'vitest';
import { bytes, count, duration } from '../../src/text/units.ts';

describe('bytes', () => {
  it.each([
    [0, '0B'],
    [1023, '1023B'],
    [1536, '1.5K'],
    [64 * 1024 ** 2, '64M'],
    [1.25 * 1024 ** 3, '1.3G'],
    [2048 * 1024 ** 4, '2048T'],
  ])('%d is %s', (amount, text) => expect(bytes(amount)).toBe(text));
});

describe('duration', () => {
  it.each([
    [-5, '0s'],
    [42_000, '42s'],
    [180_000, '3min'],
    [7_500_000, '2h 5min'],
    [349_200_000, '4d 1h'],
  ])('%d ms are %s', (milliseconds, text) => expect(duration(milliseconds)).toBe(text));
});

describe('count', () => {
  it('has one form for one and another for the rest', () => {
    expect([0, 1, 2].map((number) => count(number, 'process', 'processes'))).toEqual([
      '0 processes',
      '1 process',
      '2 processes',
    ]);
  });
});
