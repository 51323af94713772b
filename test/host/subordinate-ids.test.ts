import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSubordinateIds } from '../../src/host/subordinate-ids.ts';

describe('parseSubordinateIds', () => {
  it('reads names and numbers, and passes over what is neither', () => {
    const text = 'alice:100000:65536\n# comment\n1000:165536:10\n\nbob:x:1\nzero:1:0\n';
    expect(parseSubordinateIds(text)).toEqual([
      { owner: 'alice', start: 100_000, count: 65_536 },
      { owner: '1000', start: 165_536, count: 10 },
    ]);
  });

  it('never fails', () => {
    fc.assert(fc.property(fc.string(), (text) => parseSubordinateIds(text).every(({ count }) => count > 0)));
  });
});
