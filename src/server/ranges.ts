import { createScanner } from 'jsonc-parser';
import type { Range } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Place, Problem } from '../model/problem.ts';
import { deeperBy } from '../profile/document.ts';

/** The key or the value at the place of a problem; the start of the document where it has none. */
export function rangeOf({ place }: Pick<Problem, 'place'>, document: TextDocument): Range {
  const start = place ? offsetOf(place, document) : 0;
  return { start: document.positionAt(start), end: document.positionAt(endOf(document.getText(), start)) };
}

function offsetOf({ line, column }: Place, document: TextDocument): number {
  return document.offsetAt({ line: line - 1, character: column - 1 });
}

/** Where the token that starts at an offset ends, and an object or list with all that is in it, however deep. */
function endOf(text: string, start: number): number {
  const scanner = createScanner(text, true);
  scanner.setPosition(start);
  let depth = 0;
  do {
    scanner.scan();
    depth += deeperBy(text, scanner);
  } while (depth > 0 && scanner.getPosition() < text.length);
  return scanner.getTokenOffset() + scanner.getTokenLength();
}
