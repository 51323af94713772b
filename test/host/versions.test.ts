import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAtLeast, kernelLine } from '../../src/host/versions.ts';
import { check, hidden, instead, surroundings } from '../support/surroundings.ts';
import { isRoot, makeCaller, type Caller } from '../support/unshared.ts';

describe('versions', () => {
  it('knows which kernels are too old', () => {
    const statuses = ['5.11.0-30-amd64', '5.12', '6.1.0'].map((version) => kernelLine(version).status);
    expect(statuses).toEqual(['missing', 'ok', 'ok']);
    expect(kernelLine('4.18.0')).toMatchObject({ needed: true, finding: { code: 'kernelTooOld' } });
  });

  it('compares numbers, not letters', () => {
    expect(isAtLeast('2.9', [2, 37])).toBe(false);
    expect(isAtLeast('2.41-rc1', [2, 37])).toBe(true);
    expect(isAtLeast('?', [2, 37])).toBe(false);
  });
});

describe.skipIf(!isRoot)('programs that are old or missing (needs root)', () => {
  let caller: Caller;
  beforeAll(() => {
    caller = makeCaller('user');
  });
  afterAll(() => caller.remove());

  it('util-linux', async () => {
    const old = 'case $1 in --version) echo unshare from util-linux 2.36.1 ;; *) exec "$REAL" "$@" ;; esac';
    const { inside, end } = await surroundings(instead('unshare', old));
    const lines = await check(caller, inside);
    expect(lines.get('util-linux')).toMatchObject({ status: 'missing', needed: true, args: { version: '2.36.1' } });
    await end();
  });

  it('each is named, with the package that has it', async () => {
    const { inside, end } = await surroundings(hidden('perl', 'mkfifo'));
    const lines = await check(caller, inside);
    expect([...lines.keys()].filter((id) => id.startsWith('program'))).toEqual(['program-mkfifo', 'program-perl']);
    expect(lines.get('program-perl')?.fix?.commands[0]).toMatch(/(apt install perl-base|dnf install perl-interpreter)/);
    expect(lines.get('program-mkfifo')).toMatchObject({ status: 'missing', needed: true, code: 'programMissing' });
    await end();
  });
});
