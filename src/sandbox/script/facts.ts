import { fstabField } from './quote.ts';

/** One thing that a program of perl(1) is told: a word and its fields. */
export type Fact = readonly [word: string, ...fields: (string | number)[]];

/** A line for each, with the fields as those of fstab(5). */
export function factLines(facts: readonly Fact[]): string {
  return facts.map((fields) => `${fields.map((field) => fstabField(`${field}`)).join(' ')}\n`).join('');
}
