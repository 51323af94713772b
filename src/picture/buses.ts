import { movedLayout, PADDING, type Layout, type Place, type Point } from './place.ts';
import { ownersOf, type Box, type Line, type Plan } from './plan.ts';

/** One pin to which many boxes lead that lead nowhere else, as to a bridge: they are drawn along a bus. */
export interface Bus {
  readonly pin: string;
  readonly leaves: readonly Box[];
  readonly lines: readonly Line[];
}

/** From how many on: fewer stand well beside it. */
const MANY = 8;

/** The buses of a plan, and the plan without their leaves. */
export function busesOf(plan: Plan): { readonly buses: readonly Bus[]; readonly rest: Plan } {
  const owner = ownersOf(plan.boxes);
  const ends = endsByBox(plan, owner);
  const leavesByPin = new Map<string, Box[]>();
  for (const box of plan.boxes) {
    const [pin, ...more] = ends.get(box.id) ?? [];
    if (pin !== undefined && more.length === 0 && owner.get(pin) !== pin)
      leavesByPin.set(pin, [...(leavesByPin.get(pin) ?? []), box]);
  }
  const buses = [...leavesByPin]
    .filter(([, leaves]) => leaves.length >= MANY)
    .map(([pin, leaves]) => busOf(pin, leaves));
  const taken = new Set(buses.flatMap(({ leaves }) => leaves.map(({ id }) => id)));
  const staying = ({ from, to }: Line): boolean => ![from, to].some((pin) => taken.has(owner.get(pin) ?? ''));
  return {
    buses,
    rest: { boxes: plan.boxes.filter(({ id }) => !taken.has(id)), lines: plan.lines.filter(staying) },
  };

  function busOf(pin: string, leaves: readonly Box[]): Bus {
    const ids = new Set(leaves.map(({ id }) => id));
    return {
      pin,
      leaves,
      lines: plan.lines.filter(
        ({ from, to }) => [from, to].includes(pin) && [from, to].some((end) => ids.has(owner.get(end) ?? '')),
      ),
    };
  }
}

/** The pins in other boxes to which the lines of each box lead. */
function endsByBox({ lines }: Plan, owner: ReadonlyMap<string, string>): ReadonlyMap<string, ReadonlySet<string>> {
  const ends = new Map<string, Set<string>>();
  const note = (box: string, pin: string): void => void ends.set(box, (ends.get(box) ?? new Set()).add(pin));
  for (const { from, to } of lines) {
    const [one = '', other = ''] = [owner.get(from), owner.get(to)];
    if (one === other) continue;
    note(one, to);
    note(other, from);
  }
  return ends;
}

const GAP = 28;
const ROW_GAP = 14;

/** A box that was laid out by itself. */
export interface Leaf {
  readonly box: Box;
  readonly layout: Layout;
}

/** Puts the leaves of a bus into a grid below what is laid out already, and leads a line from its pin to each. */
export function withBus(above: Layout, { pin, lines }: Bus, leaves: readonly Leaf[], aspect: number): Layout {
  const core = movedLayout(above, { x: GAP, y: 0 });
  const cell = {
    width: Math.max(...leaves.map(({ layout }) => layout.width)) + GAP,
    height: Math.max(...leaves.map(({ layout }) => layout.height)) + ROW_GAP,
  };
  const columns = columnsFor(leaves.length, cell, core, aspect);
  const top = core.height + 2 * GAP;
  const [boxes, pins, paths] = [new Map(core.boxes), new Map(core.pins), new Map(core.lines)];
  leaves.forEach((leaf, at) => {
    const corner = { x: GAP + (at % columns) * cell.width, y: top + Math.floor(at / columns) * cell.height };
    const layout = movedLayout(leaf.layout, corner);
    for (const [id, place] of layout.boxes) boxes.set(id, place);
    for (const [id, place] of layout.pins) pins.set(id, place);
    for (const [id, points] of layout.lines) paths.set(id, points);
  });
  const from = pins.get(pin);
  const column = (place: Place): number => GAP + Math.floor((place.x - GAP) / cell.width) * cell.width;
  for (const line of lines) {
    const place = pins.get(line.from === pin ? line.to : line.from);
    if (from && place) paths.set(line.id, along(from, place, core.height + GAP, column(place) - GAP / 2));
  }
  const rows = Math.ceil(leaves.length / columns);
  const width = Math.max(core.width, GAP + columns * cell.width - GAP);
  return { width, height: top + rows * cell.height - ROW_GAP, boxes, pins, lines: paths };
}

/** Out of the pin to the left, down to the bus, along it, and down beside the column to the other pin. */
function along(from: Place, to: Place, bus: number, column: number): readonly Point[] {
  const [start, end] = [from.y + from.height / 2, to.y + to.height / 2];
  const trunk = from.x - PADDING - GAP / 2;
  return [
    { x: from.x, y: start },
    { x: trunk, y: start },
    { x: trunk, y: bus },
    { x: column, y: bus },
    { x: column, y: end },
    { x: to.x, y: end },
  ];
}

function columnsFor(
  count: number,
  cell: { readonly width: number; readonly height: number },
  core: Layout,
  aspect: number,
): number {
  const stretch = (columns: number): number =>
    Math.max((columns * cell.width) / aspect, Math.ceil(count / columns) * cell.height + core.height);
  const tries = Array.from({ length: count }, (_, at) => at + 1);
  return tries.reduce((best, columns) => (stretch(columns) < stretch(best) ? columns : best), 1);
}
