import { execaSync } from 'execa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fstabField, shellWord, shellWords } from '../../src/sandbox/quote.ts';
import { unescapeMountField } from '../../src/host/mounts.ts';

/** Anything that an argument of a program can be. */
const word = fc
  .string({ unit: 'binary' })
  .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);

describe('shellWord', () => {
  it('leaves plain words as they are', () => {
    expect(shellWords(['mount', '--bind', '/a/b', 'x=1'])).toBe('mount --bind /a/b x=1');
  });

  it('makes any text one word of sh', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
        const { stdout } = execaSync('sh', ['-c', `printf '%s\\0' ${shellWords(words)}`], { encoding: 'buffer' });
        expect(Buffer.from(stdout).toString('utf8').split('\0').slice(0, -1)).toEqual(words);
      }),
      { numRuns: 150, endOnFailure: true },
    );
  });

  it('refuses a NUL byte', () => {
    expect(() => shellWord('a\0b')).toThrow(RangeError);
    expect(() => fstabField('a\0b')).toThrow(RangeError);
  });
});

describe('fstabField', () => {
  it('is read back as it was, as mountinfo is', () => {
    fc.assert(fc.property(word, (text) => unescapeMountField(fstabField(text)) === text));
  });

  it('holds nothing that fstab or a double-quoted string of sh would read', () => {
    fc.assert(fc.property(word, (text) => /^[\w@%+=:,./\\-]*$/.test(fstabField(text))));
  });
});
