import {
  createScanner,
  getNodePath,
  getNodeValue,
  parseTree,
  printParseErrorCode,
  type JSONScanner,
  type Node,
  type ParseError,
} from 'jsonc-parser';
import { problem, type Place, type Problem } from '../model/problem.ts';

export type Path = readonly (string | number)[];

/** JSON with comments that knows where each of its values stands. */
export interface JsonDocument {
  readonly file: string;
  /** Objects have no prototype; undefined where the text holds nothing, or nothing that can be read. */
  readonly value: unknown;
  /** What is wrong with the text itself: syntax (of the whole, so with an empty path), keys that are there twice. */
  readonly problems: readonly Located[];
  /** Place of the key or of the value at `path`, or of what is nearest around it. */
  place(path: Path, part?: Part): Place;
}

/** A problem with the path of the key or value that causes it. */
export interface Located {
  readonly path: Path;
  readonly problem: Problem;
}

export type Part = 'key' | 'value';

/** The parser calls itself for each level: deeper text would use up the stack. */
const DEEPEST = 100;
const DEEPER: Readonly<Record<string, number>> = { '{': 1, '[': 1, ']': -1, '}': -1 };
/** Names that objects of JavaScript do not hold as plain keys. */
const RESERVED = ['__proto__', 'constructor', 'prototype'];

/** Reads JSON with comments, trailing commas allowed. Never throws: what is wrong is in `problems`. */
export function readDocument(file: string, source: string): JsonDocument {
  const text = source.replace(/^\uFEFF/, '');
  const placeAt = placesOf(file, text);
  const tooDeep = offsetTooDeep(text);
  if (tooDeep !== undefined) {
    const place = placeAt(tooDeep);
    const problems = [{ path: [], problem: problem('nestedTooDeep', { deepest: DEEPEST }, place) }];
    return { file, value: undefined, problems, place: () => place };
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true, allowEmptyContent: true });
  return {
    file,
    value: root && getNodeValue(root),
    problems: [
      ...errors.map(({ error, offset }) => syntaxProblem(inWords(error), placeAt(offset))),
      ...(root ? keyProblems(root, placeAt) : []),
    ],
    place: (path, part = 'value') => placeAt(root ? offsetOf(root, path, part) : 0),
  };
}

/** Whether a text is nested deeper than any reader of it should follow. */
export function isTooDeep(text: string): boolean {
  return offsetTooDeep(text) !== undefined;
}

type PlaceAt = (offset: number) => Place;

function placesOf(file: string, text: string): PlaceAt {
  const starts = [0, ...Array.from(text.matchAll(/\r\n|\r|\n/g), (end) => end.index + end[0].length)];
  return (offset) => {
    const index = starts.findLastIndex((start) => start <= offset);
    return { file, line: index + 1, column: offset - (starts[index] ?? 0) + 1 };
  };
}

function offsetTooDeep(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  while (scanner.getPosition() < text.length) {
    scanner.scan();
    depth += deeperBy(text, scanner);
    if (depth > DEEPEST) return scanner.getTokenOffset();
  }
  return undefined;
}

/** How much deeper the text is after the scanner's last token: 1, -1 or 0. */
export function deeperBy(text: string, scanner: JSONScanner): number {
  return DEEPER[text.charAt(scanner.getTokenOffset())] ?? 0;
}

function syntaxProblem(message: string, place: Place): Located {
  return { path: [], problem: problem('profileFileSyntax', { message }, place) };
}

/** `CommaExpected` → `comma expected`. */
function inWords(error: ParseError['error']): string {
  const name = printParseErrorCode(error);
  return name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

function keyProblems(node: Node, placeAt: PlaceAt): readonly Located[] {
  const children = node.children ?? [];
  const below = children.flatMap((child) => keyProblems(child, placeAt));
  return node.type === 'object' ? [...namesOf(children, placeAt), ...below] : below;
}

function namesOf(properties: readonly Node[], placeAt: PlaceAt): readonly Located[] {
  const seen = new Set<string>();
  return properties.flatMap(({ children: [name] = [] }) => {
    if (!name) return [];
    const key = String(name.value);
    const located = (found: Problem) => ({ path: getNodePath(name), problem: found });
    const place = placeAt(name.offset);
    const twice = seen.has(key) ? [located(problem('duplicateKey', { key }, place))] : [];
    seen.add(key);
    return [...twice, ...(RESERVED.includes(key) ? [located(problem('nameReserved', { name: key }, place))] : [])];
  });
}

function offsetOf(root: Node, path: Path, part: Part): number {
  const node = path.reduce<Node | undefined>((around, step) => around && childAt(around, step), root);
  if (!node) return path.length === 0 ? root.offset : offsetOf(root, path.slice(0, -1), 'value');
  const name = part === 'key' && node.parent?.type === 'property' ? node.parent.children?.[0] : undefined;
  return (name ?? node).offset;
}

/** Of a key that is there twice the last: it is the one whose value counts. */
function childAt({ type, children = [] }: Node, step: string | number): Node | undefined {
  if (typeof step === 'number') return type === 'array' ? children[step] : undefined;
  return children.findLast(({ children: [name] = [] }) => type === 'object' && name?.value === step)?.children?.[1];
}
