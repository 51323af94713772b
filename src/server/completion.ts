import { CompletionItemKind, type CompletionItem } from 'vscode-languageserver/node';
import { basesFor, chainOf, type Entry } from '../profile/catalog.ts';
import { descriptionOf } from '../profile/resolve.ts';
import { SOURCE_NAMES } from '../text/sources.ts';
import { baseNameAt, type BaseName } from './base-name.ts';
import type { Reading } from './reading.ts';

/** The names that an `extends` at this offset can take. Keys and all other values are completed by VS Code. */
export function completionsAt(reading: Reading, offset: number): CompletionItem[] | undefined {
  const base = baseNameAt(reading, offset);
  return base && choices(base, reading).map((entry) => itemFor(entry, base));
}

/** None that would close a circle. */
function choices({ entry }: BaseName, { loaded: { catalog } }: Reading): readonly Entry[] {
  if (!entry) return [];
  return basesFor(entry, catalog.entries).filter((one) => !chainOf(one, catalog.baseOf).includes(entry));
}

function itemFor({ name, source, settings }: Entry, { range }: BaseName): CompletionItem {
  const quoted = JSON.stringify(name);
  return {
    label: name,
    kind: CompletionItemKind.Reference,
    detail: SOURCE_NAMES[source],
    documentation: descriptionOf(settings),
    // What is typed is compared with this, and has a quote in front.
    filterText: quoted,
    textEdit: { range, newText: quoted },
  };
}
