import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { code, facts, plain } from '../../../src/ui/views/markdown.ts';

describe('plain', () => {
  it('leaves no link, command or markup to a process name', () => {
    expect(plain('[x](command:evil) **b**')).toBe('\\[x\\]\\(command\\:evil\\) \\*\\*b\\*\\*');
  });
});

describe('code', () => {
  it('cannot be closed from inside', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('`', 'a', ' ', '\n') }), (text) => {
        const printed = code(text);
        const fence = /^`*/.exec(printed)?.[0] ?? '';
        const inside = printed.slice(fence.length, printed.length - fence.length);
        const runs = [...inside.matchAll(/`+/g)].map(([run]) => run.length);
        expect(runs).not.toContain(fence.length);
        expect(printed).not.toContain('\n');
      }),
    );
  });
});

describe('facts', () => {
  it('leaves out what is not known', () => {
    expect(
      facts([
        ['pid', '7'],
        ['memory', undefined],
      ]),
    ).toBe('| | |\n|---|---|\n| pid | 7 |');
  });
});
