import type { Entry } from './catalog.ts';
import type { Path } from './document.ts';
import type { Written } from './expand.ts';
import type { FileProfile } from './schema.ts';

/** A profile and what it extends, the nearest first. */
export type Chain = readonly Entry[];

export interface Said<Value> {
  readonly value: Value;
  readonly by: Entry;
}

/** What the nearest profile that sets a key says. */
export function latest<Key extends keyof FileProfile>(
  chain: Chain,
  key: Key,
): Said<NonNullable<FileProfile[Key]>> | undefined {
  for (const by of chain) {
    const value = by.settings[key];
    if (value !== undefined) return { value, by };
  }
  return undefined;
}

/** The objects that are merged key by key; everything else is replaced whole. */
export const MERGED = ['namespaces', 'time', 'limits', 'rlimits', 'env'] as const;

type Merged = Required<Pick<FileProfile, Exclude<(typeof MERGED)[number], 'env'>>>;

/** What the nearest profile says of one key of an object that is merged. */
export function latestOf<Key extends keyof Merged, Inner extends keyof Merged[Key]>(
  chain: Chain,
  key: Key,
  inner: Inner,
): Said<NonNullable<Merged[Key][Inner]>> | undefined {
  for (const by of chain) {
    const object = by.settings[key] as Merged[Key] | undefined;
    const value = object?.[inner];
    if (value !== undefined && value !== null) return { value, by };
  }
  return undefined;
}

/** A text of a file with the place to name where it cannot be expanded. */
export function written(text: string, by: Entry, path: Path): Written {
  return { text, key: path.filter((part) => typeof part === 'string').at(-1) ?? '', place: by.place(path) };
}
