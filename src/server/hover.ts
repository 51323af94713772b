import type { Hover } from 'vscode-languageserver/node';
import { chainOf, type Entry } from '../profile/catalog.ts';
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
    .filter(([key, value]) => !OWN.includes(key) && !nearer.some((one) => replaces(one.settings, key, value)))
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
}

/** They say something of the profile itself. */
const OWN = ['extends', 'description'];

/** Limits and variables are merged key by key; everything else is replaced. */
function replaces(settings: Entry['settings'], key: string, value: unknown): boolean {
  const own: unknown = Object.entries(settings).find(([name]) => name === key)?.[1];
  return own !== undefined && !(isMap(own) && isMap(value));
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
