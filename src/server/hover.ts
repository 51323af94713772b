import type { Hover } from 'vscode-languageserver/node';
import { chainOf, type Entry } from '../profile/catalog.ts';
import { MERGED } from '../profile/chain.ts';
import { SOURCE_NAMES } from '../text/sources.ts';
import { baseAt } from './base-name.ts';
import type { Reading } from './reading.ts';

/** What the profile gives that the `extends` at this offset names. */
export function hoverAt(reading: Reading, offset: number): Hover | undefined {
  const found = baseAt(reading, offset);
  if (!found) return undefined;
  const value = markdown(chainOf(found.base, reading.loaded.catalog.baseOf));
  return { range: found.range, contents: { kind: 'markdown', value } };
}

/** The chain, and the settings of each that no nearer one replaces. */
function markdown(chain: readonly Entry[]): string {
  const names = chain.map(({ name, source }) => `\`${name}\` (${SOURCE_NAMES[source]})`);
  const lines = chain.flatMap((entry, index) => [`// ${entry.name}`, ...inForce(entry, chain.slice(0, index))]);
  return [names.join(' → '), '```jsonc', ...lines, '```'].join('\n');
}

function inForce({ settings }: Entry, nearer: readonly Entry[]): readonly string[] {
  return Object.entries(settings)
    .filter(([key]) => !OWN.includes(key))
    .map(([key, value]): [string, unknown] => [key, notReplaced(key, value, nearer)])
    .filter(([, left]) => left !== undefined)
    .map(([key, left]) => `${JSON.stringify(key)}: ${JSON.stringify(left)}`);
}

/** They say something of the profile itself. */
const OWN = ['extends', 'description'];

/** What is left of a value that a profile sets; undefined for nothing. */
function notReplaced(key: string, value: unknown, nearer: readonly Entry[]): unknown {
  const replacing = nearer.flatMap(({ settings }) => valuesOf(settings, key));
  if (replacing.length === 0) return value;
  if (!MERGED.some((merged) => merged === key)) return undefined;
  const replaced = new Set(replacing.flatMap((one) => Object.keys(one as object)));
  const left = Object.entries(value as object).filter(([name]) => !replaced.has(name));
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

function valuesOf(settings: object, key: string): readonly unknown[] {
  return Object.entries(settings)
    .filter(([name]) => name === key)
    .map(([, value]: [string, unknown]) => value);
}
