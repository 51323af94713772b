export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Packed extends Size {
  /** Where the upper left corner of each is, in the order in which they were given. */
  readonly corners: readonly { readonly x: number; readonly y: number }[];
}

/** How finely the widths are tried. */
const TRIES = 24;

/** Puts rectangles into rows, so that the whole is as nearly `aspect` times as wide as high as it can be (at least as wide as the widest). */
export function pack(sizes: readonly Size[], gap: number, aspect: number): Packed {
  const widest = Math.max(0, ...sizes.map(({ width }) => width));
  const all = sizes.reduce((sum, { width }) => sum + width + gap, 0);
  const tries = Array.from({ length: TRIES }, (_, at) =>
    rows(sizes, gap, widest + ((all - widest) * at) / (TRIES - 1)),
  );
  const stretch = ({ width, height }: Packed): number => Math.max(width / aspect, height);
  return tries.reduce((best, one) => (stretch(one) < stretch(best) ? one : best), tries[0] ?? rows(sizes, gap, widest));
}

/** The higher ones first, so that a row wastes little. */
function rows(sizes: readonly Size[], gap: number, most: number): Packed {
  const order = sizes.map((_, at) => at).sort((a, b) => (sizes[b]?.height ?? 0) - (sizes[a]?.height ?? 0));
  const corners = sizes.map(() => ({ x: 0, y: 0 }));
  let [x, y, rowHeight, width] = [0, 0, 0, 0];
  for (const at of order) {
    const size = sizes[at] ?? { width: 0, height: 0 };
    if (x > 0 && x + size.width > most) [x, y, rowHeight] = [0, y + rowHeight + gap, 0];
    corners[at] = { x, y };
    width = Math.max(width, x + size.width);
    x += size.width + gap;
    rowHeight = Math.max(rowHeight, size.height);
  }
  return { width, height: y + rowHeight, corners };
}
