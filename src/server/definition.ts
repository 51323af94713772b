import { pathToFileURL } from 'node:url';
import type { Location } from 'vscode-languageserver/node';
import { baseAt } from './base-name.ts';
import type { Reading } from './reading.ts';

/** Where the profile stands that the `extends` at this offset names; nowhere for those that are in no file. */
export function definitionAt(reading: Reading, offset: number): Location | undefined {
  const base = baseAt(reading, offset)?.base;
  const place = base?.source === 'workspace' ? base.place([], 'key') : undefined;
  if (!base || !place) return undefined;
  const start = { line: place.line - 1, character: place.column - 1 };
  const end = { ...start, character: start.character + JSON.stringify(base.name).length };
  return { uri: pathToFileURL(place.file).href, range: { start, end } };
}
