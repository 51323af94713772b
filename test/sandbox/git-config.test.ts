import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findProgram } from '../../src/host/programs.ts';
import { parseGitConfig } from '../../src/sandbox/git-config.ts';

const said = (text: string): readonly string[] =>
  parseGitConfig(text).map(
    ({ section, subsection, key, value }) =>
      [section, ...(subsection === undefined ? [] : [subsection]), key].join('.') + `=${value}`,
  );

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
  ])('%j is read', (text, expected) => {
    expect(said(text)).toEqual(expected);
  });

  it('of any text is read without throwing', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('[]"\\=#; \t\n\r.aB1-é')) }), (text) => {
        expect(Array.isArray(parseGitConfig(text))).toBe(true);
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
      unit: fc.constantFrom('a', ' ', '"', '\\"', '\\\\', '\\n', '\\\n', '#', ';', '/', '.'),
    });
    const names = fc.constantFrom('[core]', '[Include]', '[includeIf "a]b"]', '[submodule "x\\"y"]', '[a.B]');
    const lines = fc.array(fc.tuple(names, fc.constantFrom('hooksPath', 'path'), fc.constantFrom('=', ' = '), value), {
      maxLength: 4,
    });
    let understood = 0;
    fc.assert(
      fc.property(lines, (all) => {
        const text = all.map(([name, key, is, written]) => `${name} ${key}${is}${written}\n`).join('');
        writeFileSync(join(folder, 'config'), text);
        const listed = list();
        if (listed === undefined) return;
        understood += 1;
        expect(said(text)).toEqual(listed);
      }),
      { numRuns: 300 },
    );
    expect(understood).toBeGreaterThan(30);
  });

  function list(): readonly string[] | undefined {
    try {
      const words = ['config', '--file', join(folder, 'config'), '--null', '--list'];
      const listed = execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      return listed
        .split('\0')
        .slice(0, -1)
        .map((entry) => (entry.includes('\n') ? entry.replace('\n', '=') : `${entry}=`));
    } catch {
      return undefined;
    }
  }
});
