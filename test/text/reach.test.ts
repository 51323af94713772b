import { expect, it } from 'vitest';
import { reachText } from '../../src/text/reach.ts';

it('reach is a table that hostile names cannot break', () => {
  const text = reachText({
    at: new Date(2025, 0, 1, 12).getTime(),
    port: 80,
    targets: [
      { network: 'n1', address: '10.0.0.1' },
      { network: 'a|b\n# c', address: '10.0.0.2' },
    ],
    lines: [
      { from: 'n1', cells: [undefined, { ping: true, port: 'open' }], note: undefined },
      { from: 'a|b\n# c', cells: [{ ping: false, port: undefined }, undefined], note: 'Operation not permitted' },
    ],
  });
  expect(text.split('\n').slice(2, 6)).toEqual([
    '| from    | n1 10.0.0.1 | a b # c 10.0.0.2 |',
    '|---------|-------------|------------------|',
    '| n1      | (itself)    | ping, open       |',
    '| a b # c | -           | (itself)         |',
  ]);
  expect(text).toContain('a b # c: Operation not permitted');
});
