import { execaSync } from 'execa';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fstabField, shellWord, shellWords } from '../../../src/sandbox/script/quote.ts';
import { unescapeMountField } from '../../../src/host/mounts.ts';
import { findProgram } from '../../../src/host/programs.ts';
import { patience } from '../../support/pace.ts';

/** Anything that an argument of a program can be. */
const word = fc
  .string({ unit: 'binary' })
  .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);

/** Words of what a shell, a table of mounts or a table of options would read as something else. */
const hostile = fc.string({
  unit: fc.constantFrom(
    ...["'", '"', '`', '$', '$(', '\\', '\\040', ';', '&', '|', '<', '>', '(', ')', '{', '}', '[', ']', '*', '?', '!'],
    ...['~', '#', '=', '%', '^', '-', '+', ',', ':', '@', '..', ' ', '\t', '\n', '\r', '\x01', '\x7f', '\x81', '\x88'],
    ...['a', 'é', '𝄞'],
  ),
});

const WORDS = 100_000;
/** Words in one run of a shell. */
const AT_ONCE = 1000;

describe('shellWord', () => {
  it('leaves plain words as they are', () => {
    expect(shellWords(['mount', '--bind', '/a/b', 'x=1'])).toBe('mount --bind /a/b x=1');
  });

  it.each(['sh', 'bash'].filter((shell) => findProgram(shell) !== undefined))(
    `makes any text one word of %s (${WORDS} words)`,
    { timeout: patience(120_000) },
    (shell) => {
      let tried = 0;
      fc.assert(
        fc.property(fc.array(fc.oneof(word, hostile), { minLength: AT_ONCE, maxLength: AT_ONCE }), (words) => {
          const input = `printf '%s\\0' ${shellWords(words)}`;
          const { stdout } = execaSync(shell, { input, encoding: 'buffer', maxBuffer: 2 ** 27 });
          expect(Buffer.from(stdout).toString('utf8').split('\0').slice(0, -1)).toEqual(words);
          tried += words.length;
        }),
        { numRuns: WORDS / AT_ONCE, endOnFailure: true },
      );
      expect(tried).toBeGreaterThanOrEqual(WORDS);
    },
  );

  it('refuses a NUL byte', () => {
    expect(() => shellWord('a\0b')).toThrow(RangeError);
    expect(() => fstabField('a\0b')).toThrow(RangeError);
  });
});

const MOUNTS = 100;
const ROUNDS = 20;

describe('fstabField', () => {
  it('is read back as it was, as mountinfo is', () => {
    fc.assert(fc.property(word, (text) => unescapeMountField(fstabField(text)) === text));
  });

  it('holds nothing that fstab or a double-quoted string of sh would read', () => {
    fc.assert(fc.property(word, (text) => /^[\w@%+=:,./\\-]*$/.test(fstabField(text))));
  });

  it(
    `is read back by mount(8), and so is what mountinfo says (${MOUNTS * ROUNDS} mounts)`,
    { timeout: patience(120_000) },
    () => {
      const names = fc.uniqueArray(fc.oneof(word, hostile).filter(isFileName), {
        minLength: MOUNTS,
        maxLength: MOUNTS,
      });
      fc.assert(
        fc.property(names, (all) => {
          const mounted = mountAll(all).filter(({ target }) => target.startsWith('/tmp/to/'));
          expect(mounted.map(({ root, target }) => [root, target])).toEqual(
            all.map((name) => [`/from/${name}`, `/tmp/to/${name}`]),
          );
        }),
        { numRuns: ROUNDS, endOnFailure: true },
      );
    },
  );
});

const isFileName = (name: string): boolean =>
  !['', '.', '..'].includes(name) && !name.includes('/') && Buffer.byteLength(name) <= 255;

/** Binds folders of these names to others of the same names, as a sandbox does. @returns what mountinfo says of all mounts */
function mountAll(names: readonly string[]) {
  const folders = names.flatMap((name) => [`from/${name}`, `to/${name}`]);
  const table = names.map((name) => `/tmp/from/${fstabField(name)} /tmp/to/${fstabField(name)} none bind 0 0`);
  const script = [
    'set -e; mount -t tmpfs tmpfs /tmp; cd /tmp; mkdir from to',
    ...folders.map((folder) => `mkdir ${shellWord(folder)}`),
    `printf '%s\\n' "`,
    ...table,
    '" >table',
    'mount --all --fstab table; cat /proc/self/mountinfo',
  ];
  const namespaces = ['--user', '--map-root-user', '--mount', '--propagation', 'private'];
  const { stdout } = execaSync('unshare', [...namespaces, 'sh', '-s'], {
    input: script.join('\n'),
  });
  return stdout.split('\n').map((line) => {
    const [root = '', target = ''] = line.split(' ').slice(3, 5).map(unescapeMountField);
    return { root, target };
  });
}
