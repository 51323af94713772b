import Elk from 'elkjs/lib/elk.bundled.js';
import type { Wiring } from '../../model/wiring.ts';
import type { FromPicture, ToPicture } from '../../protocol/wiring.ts';
import { layOut, type Measure } from '../layout.ts';
import { planOf, shown, type Choice } from '../plan.ts';
import { detailsOf } from './details.ts';
import { draw } from './draw.ts';
import { asPng, asSvg } from './export.ts';
import { isMove, neighbour } from './keys.ts';
import { tableOf } from './table.ts';
import { Zoom } from './zoom.ts';

declare function acquireVsCodeApi(): {
  postMessage(message: FromPicture): void;
  setState(state: Choice): void;
  getState(): Choice | undefined;
};

const vscode = acquireVsCodeApi();
const elk = new Elk();
const frame = byId('frame');
const zoom = new Zoom(frame);
const [filter, linkedOnly] = [byId('filter') as HTMLInputElement, byId('linked') as HTMLInputElement];

let wiring: Wiring = { networks: [], cables: [] };
let selected: number | undefined;
/** The plan that is drawn, as text: an equal one is not drawn again. */
let drawn = '';
/** Counts what was asked to be drawn: a layout that is late is thrown away. */
let turn = 0;

window.addEventListener('message', ({ data }: MessageEvent<ToPicture>) => {
  wiring = data.wiring;
  byId('note').textContent = data.note ?? '';
  if (data.select !== undefined) selected = data.select;
  byId('table').replaceChildren(tableOf(wiring));
  void redraw();
});

on('closer', () => zoom.closer());
on('farther', () => zoom.farther());
on('fit', () => zoom.fit());
on('reach', () => vscode.postMessage({ do: 'reach' }));
on('asTable', () => {
  const hidden = byId('table').classList.toggle('forReaders');
  byId('asTable').setAttribute('aria-pressed', String(!hidden));
});
on('svg', () =>
  withPicture((picture) => vscode.postMessage({ do: 'export', kind: 'svg', content: asSvg(picture, styles()) })),
);
on('png', () =>
  withPicture((picture) => {
    asPng(picture, styles()).then(
      (content) => vscode.postMessage({ do: 'export', kind: 'png', content }),
      (error: unknown) => vscode.postMessage({ do: 'failed', reason: String(error).slice(0, 1000) }),
    );
  }),
);
filter.addEventListener('input', () => void redraw());
linkedOnly.addEventListener('change', () => void redraw());
frame.addEventListener('click', ({ target }) => select(inodeAt(target)));
frame.addEventListener('focusin', ({ target }) => {
  const inode = inodeAt(target);
  if (inode !== undefined) select(inode);
});
frame.addEventListener('keydown', pressed);
byId('actions').addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') frame.querySelector<SVGElement>('.box.selected')?.focus();
});

const before = vscode.getState();
filter.value = before?.filter ?? '';
linkedOnly.checked = before?.linkedOnly ?? false;
vscode.postMessage({ do: 'ready' });

async function redraw(): Promise<void> {
  const choice = { filter: filter.value, linkedOnly: linkedOnly.checked };
  vscode.setState(choice);
  const plan = planOf(wiring, choice);
  const text = JSON.stringify(plan);
  showDetails();
  byId('empty').hidden = plan.boxes.length > 0;
  if (text === drawn) return;
  drawn = text;
  turn += 1;
  const mine = turn;
  try {
    const layout = await layOut(plan, elk, measure, Math.max(0.4, frame.clientWidth / Math.max(1, frame.clientHeight)));
    if (mine !== turn) return;
    show(draw(plan, layout));
  } catch (error) {
    vscode.postMessage({ do: 'failed', reason: String(error).slice(0, 1000) });
  }
}

/** Puts a picture in the place of the one before, and the keyboard where it was. */
function show(picture: SVGSVGElement): void {
  const hadFocus = frame.contains(document.activeElement) && document.activeElement !== frame;
  frame.replaceChildren(picture);
  zoom.show(picture);
  mark();
  if (hadFocus) (boxOf(selected) ?? frame.querySelector<SVGElement>('.box[data-inode]'))?.focus();
}

function select(inode: number | undefined): void {
  if (inode === selected) return;
  selected = inode;
  mark();
  showDetails();
}

/** One box can be reached by the Tab key: the selected one, or the first. The arrows lead to the others. */
function mark(): void {
  const boxes = [...frame.querySelectorAll<SVGElement>('.box[data-inode]')];
  const current = boxOf(selected) ?? boxes[0];
  for (const box of boxes) {
    box.classList.toggle('selected', box.dataset.inode === String(selected));
    box.setAttribute('aria-pressed', String(box.dataset.inode === String(selected)));
    box.setAttribute('tabindex', box === current ? '0' : '-1');
  }
}

function showDetails(): void {
  const network = wiring.networks.find(({ inode }) => inode === selected);
  const actions = byId('actions');
  const text = JSON.stringify(network ?? null);
  if (actions.dataset.shown === text) return;
  actions.dataset.shown = text;
  actions.hidden = network === undefined;
  actions.replaceChildren(...(network ? detailsOf(network, (message) => vscode.postMessage(message)) : []));
}

function pressed(event: KeyboardEvent): void {
  const { key, target } = event;
  if (key === '+' || key === '=') zoom.closer();
  else if (key === '-') zoom.farther();
  else if (key === '0') zoom.fit();
  else if (key === 'Escape') select(undefined);
  else if (key === 'Enter' || key === ' ') byId('actions').querySelector('button')?.focus();
  else if (isMove(key)) neighbour(frame, target as Element, key)?.focus();
  else return;
  event.preventDefault();
}

function inodeAt(target: EventTarget | null): number | undefined {
  const box = target instanceof Element ? target.closest<SVGElement>('.box[data-inode]') : null;
  return box ? Number(box.dataset.inode) : undefined;
}

function boxOf(inode: number | undefined): SVGElement | null {
  return inode === undefined ? null : frame.querySelector<SVGElement>(`.box[data-inode="${inode}"]`);
}

function withPicture(use: (picture: SVGSVGElement) => void): void {
  const picture = frame.querySelector('svg');
  if (picture) use(picture);
}

/** The rules of the page that are about the picture. */
function styles(): string {
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]).map(({ cssText }) => cssText);
  return rules.filter((rule) => /^\.(?:box|pin|line|title|small)|^text/.test(rule)).join('\n');
}

const canvas = document.createElement('canvas').getContext('2d');

function measure(text: string, size: 'title' | 'small'): ReturnType<Measure> {
  if (!canvas) return text.length * 8;
  const family = getComputedStyle(document.body).fontFamily;
  canvas.font = size === 'title' ? `600 13px ${family}` : `12px ${family}`;
  return canvas.measureText(shown(text)).width;
}

function on(id: string, act: () => void): void {
  byId(id).addEventListener('click', act);
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no ${id}`);
  return found;
}
