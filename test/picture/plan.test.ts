import Elk from 'elkjs/lib/elk.bundled.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Wiring } from '../../src/model/wiring.ts';
import { layOut } from '../../src/picture/layout.ts';
import { pack } from '../../src/picture/pack.ts';
import type { Place } from '../../src/picture/place.ts';
import { planOf, shown } from '../../src/picture/plan.ts';
import { face, wired } from '../ui/networks/wirings.ts';

const ALL = { filter: '', linkedOnly: false };

/** A network whose bridge has a port to each of the others, and one that stands alone. */
function star(count: number): Wiring {
  const hub = wired(1, { kind: 'named', name: 'hub' }, [
    face(1, 'br0', { kind: 'bridge' }),
    ...Array.from({ length: count }, (_, at) => face(at + 2, `p${at}`)),
  ]);
  const boxes = Array.from({ length: count }, (_, at) =>
    wired(at + 10, { kind: 'named', name: `box-${at}` }, [face(2, 'eth0', { addresses: [`10.0.0.${at}/24`] })]),
  );
  const alone = wired(5, { kind: 'named', name: 'alone' }, [face(1, 'lo', { kind: 'loopback' })]);
  const cables = boxes.flatMap(({ inode }, at) => [
    { kind: 'veth', from: { network: 1, index: at + 2 }, to: { network: inode, index: 2 } } as const,
    { kind: 'port', from: { network: 1, index: at + 2 }, to: { network: 1, index: 1 } } as const,
  ]);
  return { networks: [hub, ...boxes, alone], cables };
}

const titles = (wiring: Wiring, choice: Parameters<typeof planOf>[1]) =>
  planOf(wiring, choice).boxes.map(({ title }) => title);

describe('planOf', () => {
  it('has a box for each network, with pins and lines', () => {
    const plan = planOf(star(2), ALL);
    expect(plan.boxes.map(({ title, pins }) => [title, pins.map(({ name }) => name).join(' ')])).toEqual([
      ['hub', 'br0 p0 p1'],
      ['box-0', 'eth0'],
      ['box-1', 'eth0'],
      ['alone', 'lo'],
    ]);
    expect(plan.lines).toHaveLength(4);
  });

  it('leaves what matches a filter, and its neighbours', () => {
    expect(titles(star(3), { ...ALL, filter: 'BOX-1' })).toEqual(['hub', 'box-1']);
    expect(titles(star(3), { ...ALL, filter: '10.0.0.2' })).toEqual(['hub', 'box-2']);
    expect(titles(star(3), { ...ALL, linkedOnly: true })).toEqual(['hub', 'box-0', 'box-1', 'box-2']);
  });

  it('leads to a bridge of many ports itself, with a line for each all the same', () => {
    const plan = planOf(star(20), ALL);
    expect(plan.boxes[0]?.pins.map(({ name }) => name)).toEqual(['br0']);
    expect(new Set(plan.lines.map(({ id }) => id)).size).toBe(20);
    expect(new Set(plan.lines.flatMap(({ from, to }) => [from, to])).size).toBe(21);
  });

  it('draws the end that cannot be seen as a box of its own', () => {
    const wiring = { ...star(0), cables: [{ kind: 'veth', from: { network: 5, index: 1 }, to: undefined } as const] };
    expect(titles(wiring, ALL)).toEqual(['hub', 'alone', 'not visible to you']);
  });
});

describe('shown', () => {
  it('leaves nothing that is not seen, and nothing that is no XML', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(shown(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
      }),
    );
    expect(shown('a\u202eb\u0000c\nd')).toBe('a�b�c�d');
    expect(shown('x'.repeat(300), 28)).toHaveLength(28);
  });
});

describe('pack', () => {
  it('puts no rectangle upon another, and none outside', () => {
    const size = fc.record({ width: fc.integer({ min: 1, max: 500 }), height: fc.integer({ min: 1, max: 500 }) });
    fc.assert(
      fc.property(fc.array(size, { maxLength: 30 }), fc.constantFrom(0.4, 1, 3), (sizes, aspect) => {
        const { corners, width, height } = pack(sizes, 4, aspect);
        const places = sizes.map((one, at) => ({ ...one, ...(corners[at] ?? { x: NaN, y: NaN }) }));
        for (const [at, one] of places.entries()) {
          expect(isIn(one, { x: 0, y: 0, width, height })).toBe(true);
          expect(places.slice(at + 1).some((other) => meet(one, other))).toBe(false);
        }
      }),
    );
  });
});

describe('layOut', () => {
  const measure = (text: string): number => text.length * 7;

  it('gives boxes their places, none upon another, and every pin a place in its box', async () => {
    const plan = planOf(star(50), ALL);
    const { boxes, pins, lines, width, height } = await layOut(plan, new Elk(), measure);
    const places = [...boxes.values()];
    places.forEach((one, at) => {
      expect(places.slice(at + 1).some((other) => meet(one, other))).toBe(false);
    });
    for (const box of plan.boxes)
      for (const pin of box.pins) expect(isIn(pins.get(pin.id), boxes.get(box.id)), pin.id).toBe(true);
    for (const { id } of plan.lines) expect(lines.get(id)?.length).toBeGreaterThan(1);
    expect(width / height).toBeGreaterThan(1);
    expect(width / height).toBeLessThan(3);
    for (const { x, y } of [...lines.values()].flat()) expect(x >= 0 && y >= 0 && x <= width && y <= height).toBe(true);
  });

  it.each([3, 30])('ends each line at its pins, of %i networks', async (count) => {
    const plan = planOf(star(count), ALL);
    const { pins, lines } = await layOut(plan, new Elk(), measure);
    for (const { id, from, to } of plan.lines) {
      const points = lines.get(id) ?? [];
      const touched = [points[0], points.at(-1)].map((point) =>
        [from, to].some((pin) => touches(point, pins.get(pin))),
      );
      expect(touched, id).toEqual([true, true]);
    }
  });
});

function meet(a: Place, b: Place): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function isIn(inner: Place | undefined, outer: Place | undefined): boolean {
  if (!inner || !outer) return false;
  const right = inner.x + inner.width <= outer.x + outer.width;
  return inner.x >= outer.x && inner.y >= outer.y && right && inner.y + inner.height <= outer.y + outer.height;
}

function touches(point: { readonly x: number; readonly y: number } | undefined, place: Place | undefined): boolean {
  if (!point || !place) return false;
  const [dx, dy] = [
    Math.max(place.x - point.x, 0, point.x - place.x - place.width),
    Math.max(place.y - point.y, 0, point.y - place.y - place.height),
  ];
  return dx <= 1 && dy <= 1;
}
