import { expect, it } from 'vitest';
import { onceForEach } from '../../src/model/once-for-each.ts';

it('is asked once for each argument, also where the answer is undefined', () => {
  const asked: number[] = [];
  const half = onceForEach((number: number) => {
    asked.push(number);
    return number % 2 === 0 ? number / 2 : undefined;
  });
  expect([4, 3, 4, 3].map(half)).toEqual([2, undefined, 2, undefined]);
  expect(asked).toEqual([4, 3]);
});
