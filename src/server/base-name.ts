import { getLocation } from 'jsonc-parser';
import type { Range } from 'vscode-languageserver/node';
import type { Entry } from '../profile/catalog.ts';
import { isTooDeep } from '../profile/document.ts';
import type { Reading } from './reading.ts';

/** The value of an `extends`. */
export interface BaseName {
  /** The profile that has it; undefined where it is none of the catalog's, such as one that is ignored. */
  readonly entry: Entry | undefined;
  /** The name with its quotes; empty at the offset where none is written yet. */
  readonly range: Range;
}

/** The value of an `extends` at an offset, if there is one or could be one. */
export function baseNameAt({ document, file, loaded }: Reading, offset: number): BaseName | undefined {
  const text = document.getText();
  if (isTooDeep(text)) return undefined;
  const { path, isAtPropertyKey, previousNode: node } = getLocation(text, offset);
  const [top, name, key] = path;
  if (isAtPropertyKey || path.length !== 3 || top !== 'profiles' || key !== 'extends') return undefined;
  const within = node?.type === 'string' && node.offset <= offset && offset <= node.offset + node.length;
  const [start, end] = within ? [node.offset, endOfText(text, node, offset)] : [offset, offset];
  return {
    entry: loaded.catalog.entries.find((one) => one.name === name && one.place([])?.file === file),
    range: { start: document.positionAt(start), end: document.positionAt(end) },
  };
}

/** The profile that the `extends` at an offset names. */
export function baseAt(reading: Reading, offset: number): { readonly base: Entry; readonly range: Range } | undefined {
  const { entry, range } = baseNameAt(reading, offset) ?? {};
  const isWritten = range && range.start.character < range.end.character;
  const base = isWritten && entry ? reading.loaded.catalog.baseOf(entry) : undefined;
  return base && range && { base, range };
}

/** A text without its closing quote reaches to the end of the line, but nobody means it to. */
function endOfText(text: string, node: { readonly offset: number; readonly length: number }, offset: number): number {
  const end = node.offset + node.length;
  return node.length > 1 && text[end - 1] === '"' ? end : offset;
}
