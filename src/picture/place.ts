/** Between the border of a box and its pins, in pixels. */
export const PADDING = 10;

/** Where everything of a plan is, in pixels from the upper left. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<string, Place>;
  readonly pins: ReadonlyMap<string, Place>;
  /** The points of each line, from its one end to the other. */
  readonly lines: ReadonlyMap<string, readonly Point[]>;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The same elsewhere; it reaches as far as before and what it was moved by. */
export function movedLayout({ width, height, boxes, pins, lines }: Layout, by: Point): Layout {
  const places = (all: ReadonlyMap<string, Place>): ReadonlyMap<string, Place> =>
    new Map([...all].map(([id, place]) => [id, moved(place, by)]));
  return {
    width: width + by.x,
    height: height + by.y,
    boxes: places(boxes),
    pins: places(pins),
    lines: new Map([...lines].map(([id, points]) => [id, points.map((point) => moved(point, by))])),
  };
}

function moved<Where extends Point>(where: Where, { x, y }: Point): Where {
  return { ...where, x: where.x + x, y: where.y + y };
}
