import { describe, expect, it } from 'vitest';
import { hasCapability, keptCapabilities } from '../../../src/sandbox/capabilities.ts';
import { CALLERS } from '../../support/unshared.ts';
import { tryout } from './inside.ts';

const SHOW = "grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs' /proc/self/status | tr -d '\\n'";

describe.each(CALLERS)('the privileges of a sandbox of %s', (name) => {
  const { inBoth } = tryout(name);

  it.each([
    ['none', '0000000000000000'],
    [{ add: ['sys_nice'], drop: ['net_raw'] }, '00000000808405fb'],
    [{ base: 'none', add: ['kill', 'chown'], drop: ['chown'] }, '0000000000000020'],
  ])('with capabilities %j are these in every terminal, and of root inside', async (capabilities, set) => {
    const { first, second } = await inBoth({ capabilities }, SHOW);
    expect(first).toMatch(new RegExp(`CapPrm:\\t${set}CapEff:\\t${set}CapBnd:\\t${set}`));
    expect(second).toBe(first);
  });

  it('lack what is taken from all', async () => {
    const { first, second } = await inBoth({ capabilities: { base: 'all', drop: ['net_admin', 'chown'] } }, SHOW);
    expect(first).toMatch(/CapBnd:\t000001ffffffeffe/);
    expect(second).toBe(first);
  });

  it('can be gained by a program only where the profile lets them', async () => {
    const { first, second } = await inBoth({ noNewPrivileges: false }, SHOW);
    expect(first).toContain('NoNewPrivs:\t0');
    expect(second).toBe(first);
  });
});

describe('what is kept', () => {
  it('is everything where nothing is taken away, also what has no name yet', () => {
    expect(keptCapabilities({ base: 'all', add: ['kill'], drop: [] })).toHaveLength(64);
    expect(keptCapabilities({ base: 'none', add: ['kill', 'bpf'], drop: [] })).toEqual([5, 39]);
  });

  it('says of each capability whether it is held', () => {
    const has = (base: 'all' | 'default' | 'none', name: string): boolean =>
      hasCapability({ base, add: ['bpf'], drop: ['kill'] }, name);
    expect([
      has('all', 'sys_admin'),
      has('default', 'sys_admin'),
      has('default', 'chown'),
      has('none', 'chown'),
    ]).toEqual([true, false, true, false]);
    expect([has('none', 'bpf'), has('all', 'kill'), has('default', 'kill')]).toEqual([true, false, false]);
  });
});
