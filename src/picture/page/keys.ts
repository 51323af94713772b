const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] } as const;

export function isMove(key: string): key is keyof typeof MOVES {
  return Object.hasOwn(MOVES, key);
}

/** The nearest box in a direction; what is straight ahead counts as nearer than what is aside. */
export function neighbour(frame: HTMLElement, from: Element, key: keyof typeof MOVES): SVGElement | undefined {
  const boxes = [...frame.querySelectorAll<SVGElement>('.box[data-inode]')];
  const start = from.closest('.box');
  if (!start) return boxes[0];
  const [right, down] = MOVES[key];
  const middle = (element: Element): readonly [number, number] => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  };
  const [x, y] = middle(start);
  const distances = boxes
    .filter((box) => box !== start)
    .map((box) => {
      const [dx, dy] = [middle(box)[0] - x, middle(box)[1] - y];
      const [ahead, aside] = [dx * right + dy * down, Math.abs(dx * down) + Math.abs(dy * right)];
      return { box, ahead, distance: ahead + 3 * aside };
    });
  return distances.filter(({ ahead }) => ahead > 1).sort((a, b) => a.distance - b.distance)[0]?.box;
}
