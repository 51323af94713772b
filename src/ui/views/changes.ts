import { looksSame, type Row } from './row.ts';

/** Id under which the top rows of a tree are kept. */
export const TOP = '';

/** For each parent that the view has asked about (TOP for none), the rows it was given. */
export type Shown = ReadonlyMap<string, readonly Row[]>;

export interface Changes {
  /** Ids of the highest rows to draw again with all beneath them; TOP for the whole tree. */
  readonly redraw: readonly string[];
  /** New rows that look the same as those shown, by parent: kept so that commands and tooltips act on what is true now. */
  readonly quiet: Shown;
}

/** What of a tree has to be drawn again: only what was asked for is compared, so that rows never opened cost nothing. */
export function changes(shown: Shown, top: readonly Row[]): Changes {
  const redraw: string[] = [];
  const quiet = new Map<string, readonly Row[]>();
  compare(TOP, top);
  return { redraw, quiet };

  function compare(parent: string, rows: readonly Row[]): void {
    const before = shown.get(parent);
    if (before === undefined) return;
    if (!sameIds(before, rows)) {
      redraw.push(parent);
      return;
    }
    quiet.set(parent, rows);
    rows.forEach((row, index) => {
      const old = before[index];
      if (old && !looksSame(old, row)) redraw.push(row.id);
      else if (shown.has(row.id)) compare(row.id, row.children());
    });
  }
}

function sameIds(before: readonly Row[], after: readonly Row[]): boolean {
  return before.length === after.length && before.every(({ id }, index) => id === after[index]?.id);
}
