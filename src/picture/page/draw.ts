import { HEAD, PIN_LINE } from '../layout.ts';
import type { Layout, Place, Point } from '../place.ts';
import type { Box, Line, Pin, Plan } from '../plan.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** The picture as SVG. Texts become text nodes and nothing else. */
export function draw({ boxes, lines }: Plan, layout: Layout): SVGSVGElement {
  const svg = element('svg', { viewBox: `0 0 ${layout.width} ${layout.height}`, role: 'group' });
  svg.setAttribute('aria-label', 'Networks and how they are wired; the table below says the same');
  svg.append(
    ...boxes.map((box) => boxElement(box, layout)),
    ...lines.map((line) => lineElement(line, layout)),
    ...boxes.flatMap(({ pins }) => pins.map((pin) => pinElement(pin, layout))),
  );
  return svg;
}

function boxElement(box: Box, layout: Layout): SVGElement {
  const place = layout.boxes.get(box.id) ?? NOWHERE;
  const group = element('g', { class: `box ${box.look}`, 'data-box': box.id });
  if (box.inode !== undefined) {
    group.dataset.inode = String(box.inode);
    group.setAttribute('tabindex', '-1');
    group.setAttribute('role', 'button');
  }
  group.setAttribute('aria-label', box.spoken);
  const middle = box.look === 'unseen' ? 17 : 18;
  group.append(
    titled(element('rect', { ...place, rx: 5 }), box.spoken),
    text(place.x + 10, place.y + middle, 'title', box.title),
    text(place.x + 10, place.y + HEAD - 9, 'small', box.subtitle),
  );
  return group;
}

function pinElement(pin: Pin, layout: Layout): SVGElement {
  const place = layout.pins.get(pin.id) ?? NOWHERE;
  const group = element('g', { class: `pin ${pin.state}`, 'aria-hidden': 'true' });
  const name = text(place.x + 18, place.y + PIN_LINE, 'small', '');
  name.append(part('name', pin.name), part('kind', `  ${pin.kind}`));
  group.append(
    element('rect', { ...place, rx: 3 }),
    element('circle', { cx: place.x + 9, cy: place.y + PIN_LINE - 4, r: 3.5 }),
    name,
    ...pin.addresses.map((address, at) => text(place.x + 18, place.y + (at + 2) * PIN_LINE, 'small address', address)),
  );
  return group;
}

function lineElement({ id, kind }: Line, layout: Layout): SVGElement {
  return element('path', { class: `line ${kind}`, d: pathOf(layout.lines.get(id) ?? []), 'aria-hidden': 'true' });
}

function pathOf(points: readonly Point[]): string {
  return points.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join(' ');
}

const NOWHERE: Place = { x: 0, y: 0, width: 0, height: 0 };

function text(x: number, y: number, look: string, content: string): SVGElement {
  const made = element('text', { x, y, class: look });
  made.textContent = content;
  return made;
}

function part(look: string, content: string): SVGElement {
  const made = element('tspan', { class: look });
  made.textContent = content;
  return made;
}

function titled(around: SVGElement, content: string): SVGElement {
  const title = element('title', {});
  title.textContent = content;
  around.append(title);
  return around;
}

function element<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | number>>,
): SVGElementTagNameMap[Name] {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
