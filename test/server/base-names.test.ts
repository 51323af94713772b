import { describe, expect, it } from 'vitest';
import type { CompletionItem, MarkupContent } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { completionsAt } from '../../src/server/completion.ts';
import { definitionAt } from '../../src/server/definition.ts';
import { hoverAt } from '../../src/server/hover.ts';
import type { Reading } from '../../src/server/reading.ts';
import { FILE, readingOf } from './readings.ts';

const BUILTIN = ['throwaway', 'project', 'agent', 'learn'];

/** A document with the cursor at `|`. */
function at(marked: string, userProfiles?: unknown): [Reading, number] {
  return [readingOf(marked.replace('|', ''), userProfiles), marked.indexOf('|')];
}

const profiles = (marked: string, userProfiles?: unknown) => at(`{ "profiles": { ${marked} } }`, userProfiles);

const labels = (items: readonly CompletionItem[] | undefined) => items?.map(({ label }) => label);

function applied([{ document }, offset]: [Reading, number]): string {
  const [first] = completionsAt(readingOf(document.getText()), offset) ?? [];
  if (!first?.textEdit || !('range' in first.textEdit)) return '';
  return TextDocument.applyEdits(document, [first.textEdit]);
}

describe('completion of extends', () => {
  it("gives the built-in names, the user's and the file's own, each with where it is from", () => {
    const items = completionsAt(
      ...profiles('"a": { "extends": "|" }, "b": {}', { mine: { description: 'My own' }, a: {} }),
    );
    expect(items?.map(({ label, detail }) => [label, detail])).toEqual([
      ...BUILTIN.map((name) => [name, 'built in']),
      ['mine', 'your settings'],
      ['a', 'your settings'],
      ['b', 'this workspace'],
    ]);
    expect(items?.find(({ label }) => label === 'mine')?.documentation).toBe('My own');
  });

  it('leaves out what would close a circle', () => {
    const items = completionsAt(
      ...profiles('"a": { "extends": "|" }, "b": { "extends": "a" }, "c": { "extends": "b" }'),
    );
    expect(labels(items)).toEqual(BUILTIN);
  });

  it.each([
    ['"a": { "extends": "thr|" }', '"a": { "extends": "throwaway" }'],
    ['"a": { "extends": |"x" }', '"a": { "extends": "throwaway" }'],
    ['"a": { "extends": | }', '"a": { "extends": "throwaway" }'],
    ['"a": { "extends": |', '"a": { "extends": "throwaway"'],
    ['"a": { "extends": "thr| }', '"a": { "extends": "throwaway" }'],
  ])('is put into %j', (marked, result) => {
    expect(applied(profiles(marked))).toBe(`{ "profiles": { ${result} } }`);
  });

  it.each([
    '"a": { | }',
    '"a": { "ext|ends": "" }',
    '"a": { "home": "|" }',
    '"a": { "env": { "extends": "|" } }',
    '"a": "|"',
    '"learn": { "extends": "|" }',
  ])('leaves %j to VS Code', (marked) => {
    expect(completionsAt(...profiles(marked)) ?? []).toEqual([]);
  });

  it('gives nothing in a text that is nested too deep', () => {
    expect(completionsAt(...at(`${'['.repeat(100_000)}|`))).toBeUndefined();
  });
});

describe('hover on extends', () => {
  const shown = (marked: string, user?: unknown) =>
    (hoverAt(...profiles(marked, user))?.contents as MarkupContent | undefined)?.value;

  it('shows the chain, and of each what no nearer one replaces', () => {
    const text = shown(
      '"base": { "extends": "project", "home": "kept", "limits": { "pids.max": 5 } }, "a": { "extends": "ba|se" }',
    );
    expect(text).toMatch(/^`base` \(this workspace\) → `project` \(built in\) → `throwaway` \(built in\)\n/);
    expect(text).toContain('// base\n"home": "kept"\n"limits": {"pids.max":5}\n// project\n"workspace": "rw"\n');
    expect(text?.match(/"home"|"workspace"/g)).toHaveLength(2);
    expect(text?.match(/"limits"/g)).toHaveLength(2);
  });

  it('merges what is merged key by key, and nothing else', () => {
    const text = shown(
      '"top": { "limits": { "mode": "strict", "pids.max": 5 }, "env": { "A": "1", "B": "2" }, "network": { "mode": "internet", "publish": [80] } }, "base": { "extends": "top", "limits": { "mode": "best-effort" }, "env": { "A": "3" }, "network": { "mode": "internet" } }, "a": { "extends": "ba|se" }',
    );
    expect(text).toContain(
      '// base\n"network": {"mode":"internet"}\n"limits": {"mode":"best-effort"}\n"env": {"A":"3"}\n// top\n"limits": {"pids.max":5}\n"env": {"B":"2"}\n// throwaway',
    );
  });

  it("takes the user's profile of the same name", () => {
    expect(shown('"a": { "extends": "|a" }', { a: { home: 'kept' } })).toMatch(/^`a` \(your settings\) → `throwaway`/);
  });

  it('shows nothing of a name that there is not, and nothing elsewhere', () => {
    for (const marked of ['"a": { "extends": "no|body" }', '"a": { "home": "ke|pt" }', '"a": { "extends": | "learn" }'])
      expect(shown(marked)).toBeUndefined();
  });
});

describe('definition of extends', () => {
  const found = (marked: string, user?: unknown) => definitionAt(...profiles(marked, user));

  it('is where the profile stands in a file', () => {
    expect(found('"base": {}, "a": { "extends": "|base" }')).toEqual({
      uri: `file://${FILE}`,
      range: { start: { line: 0, character: 16 }, end: { line: 0, character: 22 } },
    });
  });

  it('is nowhere for what is in no file', () => {
    expect(found('"a": { "extends": "|learn" }')).toBeUndefined();
    expect(found('"a": { "extends": "|mine" }', { mine: {} })).toBeUndefined();
  });
});
