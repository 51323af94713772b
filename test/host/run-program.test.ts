import { describe, expect, it } from 'vitest';
import { outputOf, runProgram } from '../../src/host/run-program.ts';

describe('a program that is run to its end', () => {
  it('says what it has to say, and how it has ended', async () => {
    const ran = await runProgram('/bin/sh', ['-c', 'echo one; echo two; echo three >&2; exit 3']);
    expect(ran).toEqual({ exitCode: 3, stdout: 'one\ntwo', stderr: 'three', timedOut: false });
  });

  it('reads nothing', async () => {
    expect(await outputOf('/bin/sh', ['-c', 'cat; echo end'])).toBe('end');
  });

  it('has the environment that it is given, and no other', async () => {
    expect(await outputOf('/usr/bin/env', [], { env: { ONE: '1' } })).toBe('ONE=1');
  });

  it('says more than a megabyte where it has that to say', async () => {
    expect(await outputOf('/bin/sh', ['-c', 'head -c 3000000 /dev/zero'])).toHaveLength(3_000_000);
  });

  it('has no exit status where a signal ends it', async () => {
    const ran = await runProgram('/bin/sh', ['-c', 'kill -9 $$']);
    expect(ran).toMatchObject({ exitCode: undefined, timedOut: false });
  });

  it('is killed when its time is over, though another holds its output', async () => {
    const ran = await runProgram('/bin/sh', ['-c', 'sleep 2 & sleep 2'], { timeout: 50 });
    expect(ran).toMatchObject({ exitCode: undefined, timedOut: true });
  });

  it('says why it does not start', async () => {
    const ran = await runProgram('/no/such/program', []);
    expect(ran).toMatchObject({ exitCode: undefined, stdout: '' });
    expect(ran.stderr).toContain('ENOENT');
  });

  it('is an error with its complaint where all is asked of it', async () => {
    const failing = outputOf('/bin/sh', ['-c', 'echo no such thing >&2; exit 1']);
    await expect(failing).rejects.toThrow('no such thing');
  });
});
