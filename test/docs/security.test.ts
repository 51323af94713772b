import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const TEXT = readFileSync('docs/security.md', 'utf8');

/** Where a name in the text may be: `attacks/ends` is beneath test/sandbox, `fuzz` of the helper beneath test/helper. */
const PLACES = ['test', 'test/sandbox', 'test/helper'] as const;

interface Reference {
  readonly file: string;
  /** A title of a test in it, or the part of one that is named. */
  readonly title: string;
}

describe('docs/security.md', () => {
  it.each([...heldBy(), ...besides()])('names a test that is there: $file: $title', ({ file, title }) => {
    const sources = sourcesOf(file);
    expect(sources).not.toEqual([]);
    expect(sources.some((source) => source.includes(title))).toBe(true);
  });

  it('names one for each rule', () => {
    expect(rows().filter(([, , held = '']) => !held.includes('`'))).toEqual([]);
    expect(heldBy().length).toBeGreaterThan(rows().length);
  });
});

/** What stands in the last column of the tables that have a column "held by". */
function heldBy(): readonly Reference[] {
  return rows().flatMap(([, , held = '']) => {
    let file = '';
    return held.split('; ').map((one) => {
      const [, named, title = ''] = /^(?:`([^`]+)`)?:? ?(.*)$/.exec(one) ?? [];
      file = named ?? file;
      return { file, title: shown(title) };
    });
  });
}

/** What is named elsewhere, by the folder and the file. */
function besides(): readonly Reference[] {
  const named = TEXT.matchAll(/`((?:sandbox|attacks|helper|elevation|network|vm|e2e)\/[a-z/*-]+)`(?:: ([^`|)]+))?/g);
  return [...named].map(([, file = '', title = '']) => ({ file, title: shown(title.split('; ')[0] ?? '') }));
}

/** A title that is cut short ends, or begins, with an ellipsis; what comes after is no part of it. */
function shown(title: string): string {
  return title
    .replace(/^… /, '')
    .replace(/ ?….*$/, '')
    .trim();
}

function rows(): readonly (readonly string[])[] {
  const tables = TEXT.split('\n\n').filter((part) => /^\| rule .*held by/.test(part));
  const lines = tables.flatMap((table) => table.split('\n').slice(2));
  return lines
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** Of a file, of all in a folder (`*`), or of a suite that runs in a virtual machine or in VS Code. */
function sourcesOf(name: string): readonly string[] {
  const path = name.replace(/^(vm|e2e)\//, '$1/suites/').replace(/\/\*$/, '');
  const found = PLACES.flatMap((place) => [`${place}/${path}.test.ts`, `${place}/${path}.ts`, `${place}/${path}`]);
  return found.flatMap((file) => filesIn(file)).map((file) => readFileSync(file, 'utf8'));
}

function filesIn(path: string): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) return found ? [path] : [];
  return readdirSync(path)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(path, name));
}
