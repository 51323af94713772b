import * as v from 'valibot';

/*
 * What the schema of a profile is put together from. Every message completes "it must be …"; the one of an object
 * lists its keys, for the sentence about an unknown key.
 */

function objectThat(expected: string) {
  return v.custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    expected,
  );
}

/** An object, and no array. */
export const anyObject = objectThat('an object');

/** Valibot's own objects also take arrays, hence the first step. */
export function keyed<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(anyObject, v.strictObject(entries, Object.keys(entries).join(', ')));
}

/** Valibot's own records also take arrays, hence the first step. */
export function mapOf<const Value extends v.GenericSchema>(
  name: v.GenericSchema<string>,
  value: Value,
  expected = 'an object',
) {
  return v.pipe(objectThat(expected), v.record(name, value));
}

/** One of some words, each with its meaning. */
export function choice<const Words extends Readonly<Record<string, string>>>(
  words: Words,
  usual: keyof Words & string,
) {
  const names = Object.keys(words) as (keyof Words & string)[];
  const quoted = names.map((name) => `"${name}"`);
  return v.pipe(
    v.picklist(names, `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`),
    v.metadata({ default: usual, enumDescriptions: Object.values(words) }),
  );
}

/** Text without NUL, which no path, argument or variable can hold. */
export function text(expected: string) {
  return v.pipe(
    v.string(expected),
    v.check((value) => !value.includes('\0'), `${expected}, without the character NUL`),
  );
}

export function shaped(pattern: RegExp, expected: string) {
  return v.pipe(
    text(expected),
    v.regex(pattern, expected),
    v.metadata({ patternErrorMessage: `This must be ${expected}.` }),
  );
}

export const profileName = shaped(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  'a name of at most 64 letters, digits, ".", "_" and "-" that starts with a letter or a digit',
);
export const variableName = shaped(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable, such as "LANG"');
export const hostPath = v.pipe(text('a path on this machine'), v.nonEmpty('a path on this machine'));
export const insidePath = shaped(/^(?:\/|\$\{)/, 'an absolute path inside the sandbox');

export function key<const Value extends v.GenericSchema>(value: Value, description: string) {
  return v.exactOptional(v.pipe(value, v.description(description)));
}

export function flag(usual: boolean) {
  return v.pipe(v.boolean('true or false'), v.metadata({ default: usual }));
}
