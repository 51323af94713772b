import { expect, it } from 'vitest';
import { noteSentence } from '../../src/text/notes.ts';

it('says a note in one sentence', () => {
  expect(
    noteSentence({ note: 'limitsMissing', keys: ['memory.max', 'cpu.max'], reason: 'no controller is delegated' }),
  ).toBe('Runs without memory.max, cpu.max: no controller is delegated.');
  expect(noteSentence({ note: 'workspaceMissing' })).toMatch(/no workspace inside/);
  expect(noteSentence({ note: 'hostNetwork' })).toMatch(/^Shares the host's network/);
});
