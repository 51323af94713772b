import type { ELK, ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import { busesOf, withBus } from './buses.ts';
import { movedLayout, PADDING, type Layout, type Place, type Point } from './place.ts';
import { pack } from './pack.ts';
import { ownersOf, type Box, type Line, type Pin, type Plan } from './plan.ts';

/** How wide a text is, in pixels. */
export type Measure = (text: string, size: 'title' | 'small') => number;

export const HEAD = 42;
export const PIN_LINE = 15;
const PIN_PADDING = 18;

const GAP = 28;
const MARGIN = 16;

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'RIGHT',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.spacing.nodeNode': '16',
  'elk.layered.spacing.nodeNodeBetweenLayers': '40',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.padding': '[top=0,left=0,bottom=0,right=0]',
};

/**
 * Gives everything its place: what is connected is laid out together, and the parts are put beside each other, the whole
 * about `aspect` times as wide as high.
 * @throws Error of elkjs.
 */
export async function layOut(plan: Plan, elk: ELK, measure: Measure, aspect = 1.6): Promise<Layout> {
  const parts = await Promise.all(partsOf(plan).map((part) => layOutPart(part, elk, measure, aspect)));
  const { width, height, corners } = pack(parts, GAP, aspect);
  const placed = parts.map((part, at) => {
    const { x, y } = corners[at] ?? { x: 0, y: 0 };
    return movedLayout(part, { x: x + MARGIN, y: y + MARGIN });
  });
  return {
    width: width + 2 * MARGIN,
    height: height + 2 * MARGIN,
    boxes: new Map(placed.flatMap(({ boxes }) => [...boxes])),
    pins: new Map(placed.flatMap(({ pins }) => [...pins])),
    lines: new Map(placed.flatMap(({ lines }) => [...lines])),
  };
}

async function layOutPart(part: Plan, elk: ELK, measure: Measure, aspect: number): Promise<Layout> {
  const { buses, rest } = busesOf(part);
  const owner = ownersOf(part.boxes);
  const layOutAlone = async (plan: Plan): Promise<Layout> => readLayout(await elk.layout(rootOf(plan, measure)));
  let layout = await layOutAlone(rest);
  for (const bus of buses) {
    const leaves = bus.leaves.map(async (box) => {
      const lines = part.lines.filter((line) => [line.from, line.to].every((pin) => owner.get(pin) === box.id));
      return { box, layout: await layOutAlone({ boxes: [box], lines }) };
    });
    layout = withBus(layout, bus, await Promise.all(leaves), aspect);
  }
  return layout;
}

function rootOf(part: Plan, measure: Measure): ElkNode {
  return {
    id: 'root',
    layoutOptions: OPTIONS,
    children: part.boxes.map((box) => boxNode(box, measure)),
    edges: balanced(part).map(({ id, from, to }) => ({ id, sources: [from], targets: [to] })),
  };
}

/** The parts of a plan between which no line leads. */
function partsOf({ boxes, lines }: Plan): readonly Plan[] {
  const owner = ownersOf(boxes);
  const part = new Map(boxes.map(({ id }) => [id, id]));
  const find = (id: string): string => {
    const next = part.get(id) ?? id;
    return next === id ? id : find(next);
  };
  for (const { from, to } of lines) part.set(find(owner.get(from) ?? ''), find(owner.get(to) ?? ''));
  const names = [...new Set(boxes.map(({ id }) => find(id)))];
  return names.map((name) => ({
    boxes: boxes.filter(({ id }) => find(id) === name),
    lines: lines.filter(({ from }) => find(owner.get(from) ?? '') === name),
  }));
}

/**
 * Each line leads from left to right. Where many lead to one box, half of them are turned, so that its neighbours stand on both sides
 * of it.
 */
function balanced({ boxes, lines }: Plan): readonly Line[] {
  const owner = ownersOf(boxes);
  const across = ({ from, to }: Line): readonly string[] => [owner.get(from) ?? from, owner.get(to) ?? to];
  const degrees = new Map<string, number>();
  for (const line of lines) for (const box of across(line)) degrees.set(box, (degrees.get(box) ?? 0) + 1);
  const turns = new Map<string, number>();
  return lines.map((line) => {
    const [from = '', to = ''] = across(line);
    if (from === to) return line;
    const [hub, isFrom] = (degrees.get(from) ?? 0) >= (degrees.get(to) ?? 0) ? [from, true] : [to, false];
    const turn = turns.get(hub) ?? 0;
    turns.set(hub, turn + 1);
    return (turn % 2 === 0) === isFrom ? line : turned(line);
  });
}

function turned(line: Line): Line {
  return { ...line, from: line.to, to: line.from };
}

function boxNode(box: Box, measure: Measure): ElkNode {
  const width = Math.max(measure(box.title, 'title'), measure(box.subtitle, 'small')) + 2 * PADDING;
  const padding = `[top=${HEAD},left=${PADDING},bottom=${PADDING},right=${PADDING}]`;
  if (box.pins.length === 0) return { id: box.id, width, height: box.look === 'unseen' ? 26 : HEAD };
  return {
    id: box.id,
    layoutOptions: {
      'elk.padding': padding,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${HEAD + PADDING})`,
      'elk.spacing.nodeNode': '6',
      'elk.layered.spacing.nodeNodeBetweenLayers': '28',
    },
    children: box.pins.map((pin) => pinNode(pin, measure)),
  };
}

function pinNode({ id, name, kind, addresses }: Pin, measure: Measure): ElkNode {
  const texts = [`${name}  ${kind}`, ...addresses];
  return {
    id,
    width: Math.max(...texts.map((text) => measure(text, 'small'))) + 2 * PIN_PADDING,
    height: texts.length * PIN_LINE + 8,
  };
}

function readLayout(root: ElkNode): Layout {
  const boxes = new Map<string, Place>();
  const pins = new Map<string, Place>();
  const corner = { x: 0, y: 0 };
  const offsets = new Map<string, Point>([['root', corner]]);
  for (const box of root.children ?? []) {
    const place = placeOf(box, corner);
    boxes.set(box.id, place);
    offsets.set(box.id, place);
    for (const pin of box.children ?? []) pins.set(pin.id, placeOf(pin, place));
  }
  const lines = new Map((root.edges ?? []).map((edge) => [edge.id, pointsOf(edge, offsets)]));
  return { width: root.width ?? 0, height: root.height ?? 0, boxes, pins, lines };
}

function placeOf({ x = 0, y = 0, width = 0, height = 0 }: ElkNode, offset: Point): Place {
  return { x: x + offset.x, y: y + offset.y, width, height };
}

/** The points of an edge count from the box that holds both of its ends. */
function pointsOf(
  edge: ElkExtendedEdge & { readonly container?: string },
  offsets: ReadonlyMap<string, Point>,
): readonly Point[] {
  const { x: dx, y: dy } = offsets.get(edge.container ?? 'root') ?? { x: 0, y: 0 };
  return (edge.sections ?? [])
    .flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint])
    .map(({ x, y }) => ({ x: x + dx, y: y + dy }));
}
