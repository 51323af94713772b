import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changes, TOP } from '../../../src/ui/views/changes.ts';
import { row, type Row } from '../../../src/ui/views/row.ts';

const leaf = (id: string, label = id): Row => row({ id, label, icon: 'shield' });
const branch = (id: string, children: readonly Row[], label = id): Row =>
  row({ id, label, icon: 'shield', children: () => children });

describe('changes', () => {
  it('draws nothing again where nothing has changed', () => {
    const shown = new Map([
      [TOP, [branch('a', [leaf('a/1')])]],
      ['a', [leaf('a/1')]],
    ]);
    expect(changes(shown, [branch('a', [leaf('a/1')])]).redraw).toEqual([]);
  });

  it('draws a row again whose text has changed, and not its neighbours', () => {
    expect(changes(new Map([[TOP, [leaf('a'), leaf('b')]]]), [leaf('a'), leaf('b', 'B')]).redraw).toEqual(['b']);
  });

  it('draws the parent again when a child comes or goes', () => {
    const shown = new Map([
      [TOP, [branch('a', []), leaf('b')]],
      ['a', []],
    ]);
    expect(changes(shown, [branch('a', [leaf('a/1')]), leaf('b')]).redraw).toEqual(['a']);
  });

  it('draws the whole tree again when a top row comes or goes', () => {
    expect(changes(new Map([[TOP, [leaf('a')]]]), [leaf('a'), leaf('b')]).redraw).toEqual([TOP]);
  });

  it('does not make the children of a row that was never opened', () => {
    const closed = row({ id: 'a', label: 'a', icon: 'shield', children: () => expect.fail('opened') });
    expect(changes(new Map([[TOP, [closed]]]), [closed]).redraw).toEqual([]);
  });

  it('says nothing of a tree that was never asked for', () => {
    expect(changes(new Map(), [leaf('a')]).redraw).toEqual([]);
  });

  it('keeps the new rows that look the same', () => {
    const fresh = leaf('a');
    expect(changes(new Map([[TOP, [leaf('a')]]]), [fresh]).quiet.get(TOP)?.[0]).toBe(fresh);
  });

  it('finds every difference between two lists of leaves', () => {
    const list = fc.uniqueArray(fc.record({ id: fc.stringMatching(/^[a-d]$/), label: fc.stringMatching(/^[xy]$/) }), {
      selector: ({ id }) => id,
    });
    fc.assert(
      fc.property(list, list, (before, after) => {
        const rows = (items: typeof before): readonly Row[] => items.map(({ id, label }) => leaf(id, label));
        const same = JSON.stringify(before) === JSON.stringify(after);
        expect(changes(new Map([[TOP, rows(before)]]), rows(after)).redraw.length === 0).toBe(same);
      }),
    );
  });
});
