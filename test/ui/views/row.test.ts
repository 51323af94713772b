import { describe, expect, it } from 'vitest';
import { looksSame, paged, row, type Row } from '../../../src/ui/views/row.ts';

const makeRow = (parent: string, item: number): Row =>
  row({ id: `${parent}/${item}`, label: `${item}`, icon: 'shield' });
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('row', () => {
  it('is spoken as its label and description', () => {
    expect(row({ id: 'a', label: 'net', description: '4', icon: 'globe' }).spoken).toBe('net, 4');
  });

  it('opens only where it has children', () => {
    expect(row({ id: 'a', label: 'a', icon: 'x' }).opening).toBe('leaf');
    expect(row({ id: 'a', label: 'a', icon: 'x', children: () => [] }).opening).toBe('collapsed');
  });

  it('looks the same when only its tooltip differs', () => {
    const base = { id: 'a', label: 'a', icon: 'x' };
    expect(looksSame(row({ ...base, tooltip: () => '1' }), row({ ...base, tooltip: () => '2' }))).toBe(true);
    expect(looksSame(row(base), row({ ...base, description: '2' }))).toBe(false);
  });
});

describe('paged', () => {
  it('shows up to 500 rows as they are', () => {
    expect(paged('p', numbers(500), makeRow)).toHaveLength(500);
  });

  it('puts 5,000 rows in ten pages that together hold them all once', () => {
    const pages = paged('p', numbers(5000), makeRow);
    const rows = pages.flatMap((page) => page.children());
    expect(pages.map(({ label }) => label).slice(-1)).toEqual(['4501 – 5000']);
    expect(rows.map(({ label }) => Number(label))).toEqual(numbers(5000));
    expect(new Set(rows.map(({ id }) => id)).size).toBe(5000);
  });
});
