import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from 'vscode-languageserver/node';
import schema from '../../media/sandboxes.schema.json' with { type: 'json' };
import { problemsIn } from '../../src/profile/load.ts';
import { diagnosticsOf } from '../../src/server/diagnostics.ts';
import type { Reading } from '../../src/server/reading.ts';
import { anyText } from '../profile/any-text.ts';
import { diagnosticsOfVsCode, FILE, readingOf } from './readings.ts';

const ofProfile = (profile: unknown, user?: unknown) => readingOf(JSON.stringify({ profiles: { p: profile } }), user);
const codesOf = async (reading: Reading) => (await diagnosticsOf(reading)).map(({ code }) => code);

/** `12:3 "key"` */
function where({ range: { start, end } }: Diagnostic, { document }: Reading): string {
  const [text = ''] = document.getText({ start, end }).split('\n');
  return `${start.line + 1}:${start.character + 1} ${text}`;
}

function textOf({ message }: Diagnostic): string {
  return typeof message === 'string' ? message : message.value;
}

describe('a terrible document', () => {
  const reading = readingOf(readFileSync(new URL('golden/terrible.jsonc', import.meta.url), 'utf8'), { 'of-mine': {} });

  it('is told with what VS Code says itself, each in its place', async () => {
    const told = [
      ...(await diagnosticsOfVsCode(reading)).map((one) => ({ ...one, by: 'VS Code' })),
      ...(await diagnosticsOf(reading)).map((one) => ({ ...one, by: one.source })),
    ];
    const inOrder = told.toSorted((a, b) => offset(a) - offset(b));
    const lines = inOrder.map((one) => `${where(one, reading)}\n    ${one.by}: ${textOf(one)}\n`);
    await expect(lines.join('')).toMatchFileSnapshot('golden/terrible.txt');
  });

  const offset = ({ range }: Diagnostic) => reading.document.offsetAt(range.start);
});

describe('of any key, nothing is said twice and nothing wrong is passed over', () => {
  const texts = ['', 'a b', '-', 'a\0b', '${x}', 'x'.repeat(70)];
  const lists = [[], [5], [{}], ['a b'], ['a\0']];
  const objects = [{}, { a: 5 }, { 'a b': 'x' }, { tar: 5 }, { tar: 'a\0' }, { bind: 'a' }, { prototype: 'x' }];
  const values: readonly unknown[] = [null, true, 5, -5, 1.5, 2 ** 60, ...texts, ...lists, ...objects];

  it.each(pathsOf(schema.properties.profiles.additionalProperties).map((path) => [path.join(' '), path] as const))(
    '%s',
    async (_, path) => {
      for (const value of values) {
        const reading = ofProfile(path.reduceRight((inner, key) => ({ [key]: inner }), value));
        const said = [...(await diagnosticsOfVsCode(reading)), ...(await diagnosticsOf(reading))];
        const isWrong = problemsIn(FILE, reading.loaded, reading.context).length > 0;
        expect([value, said.length > 0]).toEqual([value, isWrong]);
        // Of two keys that are missing in one object, each is a matter of its own.
        const places = said.filter((one) => !textOf(one).startsWith('Missing')).map((one) => where(one, reading));
        expect([value, places]).toEqual([value, [...new Set(places)]]);
      }
    },
  );
});

/** Every key that a schema knows, with those above it. */
function pathsOf(object: object): readonly (readonly string[])[] {
  const properties = 'properties' in object ? (object.properties as Readonly<Record<string, object>>) : {};
  return Object.entries(properties).flatMap(([key, below]) => [[key], ...pathsOf(below).map((path) => [key, ...path])]);
}

describe('who says what', () => {
  it('is silent about a file that is right', async () => {
    expect(await diagnosticsOf(ofProfile({ extends: 'throwaway', cwd: '${workspaceFolder}/src' }))).toEqual([]);
    for (const text of ['', '{}', '// nothing yet', '{ "profiles": {}, }'])
      expect(await diagnosticsOf(readingOf(text))).toEqual([]);
  });

  it("knows the user's profiles, and leaves what is wrong in them to the settings", async () => {
    expect(await codesOf(ofProfile({ extends: 'mine' }))).toEqual(['unknownProfile']);
    expect(await codesOf(ofProfile({ extends: 'mine' }, { mine: { extends: 'nobody' } }))).toEqual([]);
  });

  it('says all of the shape in a file that names a schema of its own: VS Code then goes by that one', async () => {
    const wrong = { $schema: './my.json', profiles: { p: { home: 5, hom: 1, rootfs: {} }, 'a b': {} }, profile: 1 };
    expect((await codesOf(readingOf(JSON.stringify(wrong)))).toSorted()).toEqual([
      'missingKey',
      'unknownKey',
      'unknownKey',
      'wrongName',
      'wrongValue',
    ]);
  });

  it('finds what is wrong in a value where VS Code only says that its key is there twice', async () => {
    const reading = readingOf('{ "profiles": { "p": { "description": "\\u0000", "description": "a\\u0000" } } }');
    const found = (await diagnosticsOf(reading)).map((one) => where(one, reading));
    expect(found).toEqual(['1:64 "a\\u0000"']);
  });

  it('warns of a profile that is only ignored', async () => {
    const [found] = await diagnosticsOf(readingOf('{ "profiles": { "learn": {} } }'));
    expect(found).toMatchObject({ code: 'builtinProtected', severity: 2, source: 'Sandboxes' });
  });

  it('says where it is nested too deep', async () => {
    const found = await diagnosticsOf(readingOf('['.repeat(200_000)));
    expect(found).toMatchObject([{ code: 'nestedTooDeep', range: { start: { line: 0, character: 100 } } }]);
  });
});

describe('any text', () => {
  it('gets diagnostics whose ranges lie in it', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        const reading = readingOf(text);
        for (const one of await diagnosticsOf(reading)) {
          const { range } = one;
          const [start, end] = [reading.document.offsetAt(range.start), reading.document.offsetAt(range.end)];
          expect(reading.document.positionAt(start)).toEqual(range.start);
          expect(reading.document.positionAt(end)).toEqual(range.end);
          expect(start).toBeLessThanOrEqual(end);
          expect(textOf(one)).not.toMatch(/undefined|\[object/);
        }
      }),
      { numRuns: 300 },
    );
  });
});
