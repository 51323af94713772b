import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { systemCallWords } from '../../src/host/system-calls.ts';
import { JOIN_PROGRAM, START_PROGRAM } from '../../src/script/programs.ts';

/** What a newer architecture does without, because it has other calls for the same. */
const OF_OLDER_ARCHITECTURES = ['select', 'poll'];

describe.each([
  ['the start', START_PROGRAM],
  ['who enters', JOIN_PROGRAM],
])('the program of %s', (_, program) => {
  it('declares all that it names', async () => {
    const { exitCode, stderr } = await execa('perl', ['-Mstrict', '-wce', program], { reject: false });
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toMatch(/^-e syntax OK$/m);
  });

  it('loads no module, of which one could be inside', () => {
    expect(program).not.toMatch(/^\s*(use|require)\b/m);
  });

  it.each(['x64', 'arm64'])('calls nothing without a number on %s', (arch) => {
    const numbers = new Set(
      systemCallWords(arch)
        .split(' ')
        .map((word) => word.slice(0, word.indexOf('='))),
    );
    const called = [...program.matchAll(/kernel\("(\w+)"/g)].map(([, name = '']) => name);
    const listed = (/@number\{qw\(([^)]*)\)\}/g.exec(program)?.[1] ?? '').split(' ').filter((name) => name !== '');
    const missing = [...called, ...listed, 'execve'].filter((name) => !numbers.has(name));
    expect(called.length).toBeGreaterThan(10);
    expect(missing.filter((name) => arch === 'x64' || !OF_OLDER_ARCHITECTURES.includes(name))).toEqual([]);
  });
});
