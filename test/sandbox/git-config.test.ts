import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { parseGitConfig } from '../../src/sandbox/git-config.ts';

/** What is read of some bytes, where each is one character. */
const saidOf = (bytes: Buffer): readonly string[] =>
  parseGitConfig(bytes).map(
    ({ section, subsection, key, value }) =>
      [section, ...(subsection === undefined ? [] : [subsection.toString('latin1')]), key].join('.') +
      `=${value.toString('latin1')}`,
  );

const inUtf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
const said = (text: string): readonly string[] => saidOf(Buffer.from(text)).map(inUtf8);

describe('a configuration of git', () => {
  it.each([
    ['[core]\n\thooksPath = a b \n', ['core.hookspath=a b']],
    ['[Core] HOOKSPATH=x#y\n', ['core.hookspath=x']],
    ['[core]\nhooksPath = "a #1 ; " b  # c\n', ['core.hookspath=a #1 ;  b']],
    ['[core]\nhooksPath = to\\\nols/h\n', ['core.hookspath=tools/h']],
    ['[core]\nhooksPath = "a\\\\b\\"c\\t"\n', ['core.hookspath=a\\b"c\t']],
    ['[include] path=x\n[includeIf "gitdir:~/a]/"]\n path = y\n', ['include.path=x', 'includeif.gitdir:~/a]/.path=y']],
    ['[submodule "a \\"b\\""]\npath = v\n', ['submodule.a "b".path=v']],
    ['[submodule.Old]\npath = v\n', ['submodule.old.path=v']],
    ['\uFEFF[core]\r\nbare\r\nhooksPath = x\r\n', ['core.bare=', 'core.hookspath=x']],
    ['; a\n# b\n[core] ; c\n  path = ;d\nlast = 1', ['core.path=', 'core.last=1']],
    ['[core\n!\n[a]\nb = c', ['a.b=c']],
    ['[core]\nhooksPath = voilà \u00A0\n', ['core.hookspath=voilà \u00A0']],
    ['[core]\nhooksPath = \u2003\v.\f\r \n', ['core.hookspath=\u2003\v.\f']],
    ['[core]\nhooksPath = \uFEFFa\n', ['core.hookspath=\uFEFFa']],
    ['[core]\nhooksPath = a \t b\r#\n', ['core.hookspath=a \t b', 'core.hookspath=a   b']],
    ['[core]\nhooksPath = "a\tb" \n', ['core.hookspath=a\tb']],
    ['[include\r"a"]\npath = é\n', ['include.a.path=é']],
  ])('%j is read', (text, expected) => {
    expect(said(text)).toEqual(expected);
  });

  it('keeps bytes that are not UTF-8', () => {
    const text = '[submodule "\xff\\\xfe"] path = \xc3\xa9\xe9\xc0\x80 ; \xff\n[user] name = Jos\xe9\n';
    expect(saidOf(Buffer.from(text, 'latin1'))).toEqual([
      'submodule.\xff\xfe.path=\xc3\xa9\xe9\xc0\x80',
      'user.name=Jos\xe9',
    ]);
  });

  it('of any text is read without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('[]"\\=#; \t\n\r.aB1-é')) }), (text) => {
        expect(Array.isArray(said(text))).toBe(true);
      }),
    );
    expect(said(`[a]\nb = ${'"\\x" '.repeat(100_000)}`)).toHaveLength(1);
  });
});

describe.skipIf(findProgram('git') === undefined)('what git itself reads (needs git)', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'git-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is what is read here', () => {
    const value = fc.string({
      unit: fc.constantFrom(
        ...['a', ' ', '"', '\\"', '\\\\', '\\n', '\\\n', '#', ';', '/', '.'],
        ...['\t', '\r', '\v', '\f', '\xa0', '\x85', '\xc2', '\xff', '\xef\xbb\xbf'],
      ),
    });
    const names = fc.constantFrom(
      '[core]',
      '[Include]',
      '[includeIf "a]b"]',
      '[submodule "x\\"y"]',
      '[a.B]',
      '[a\r"\xff"]',
    );
    const lines = fc.array(fc.tuple(names, fc.constantFrom('hooksPath', 'path'), fc.constantFrom('=', ' = '), value), {
      maxLength: 4,
    });
    let understood = 0;
    fc.assert(
      fc.property(lines, (all) => {
        const text = all.map(([name, key, is, written]) => `${name} ${key}${is}${written}\n`).join('');
        const bytes = Buffer.from(text, 'latin1');
        writeFileSync(join(folder, 'config'), bytes);
        const listed = list();
        if (listed === undefined) return;
        understood += 1;
        // Older versions take every blank for a space, and both are read here.
        expect(saidOf(bytes)).toEqual(expect.arrayContaining([...listed]));
        if (!/[\t\r]/.test(text.replaceAll('[a\r"', ''))) expect(saidOf(bytes)).toEqual(listed);
      }),
      { numRuns: 300 },
    );
    expect(understood).toBeGreaterThan(30);
  });

  function list(): readonly string[] | undefined {
    try {
      const words = ['config', '--file', join(folder, 'config'), '--null', '--list'];
      const listed = execFileSync('git', words, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
      return listed
        .split('\0')
        .slice(0, -1)
        .map((entry) => (entry.includes('\n') ? entry.replace('\n', '=') : `${entry}=`));
    } catch {
      return undefined;
    }
  }
});
