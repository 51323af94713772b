import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planIds, SHIFTED_BASE } from '../../src/sandbox/ids.ts';
import { newId } from '../../src/sandbox/make-plan.ts';

describe('planIds', () => {
  it('never gives root outside to root inside', () => {
    expect(planIds(0, 0)).toMatchObject({ kind: 'shifted', uids: [{ inside: 0, outside: SHIFTED_BASE }] });
  });

  it('gives a user without subordinate ids the own id alone', () => {
    expect(planIds(47_000, 47_000)).toEqual({
      kind: 'single',
      uids: [{ inside: 0, outside: 47_000, count: 1 }],
      gids: [{ inside: 0, outside: 47_000, count: 1 }],
    });
  });
});

describe('newId', () => {
  it('is a name that a cgroup, a folder and the helper take, whatever the profile is called', () => {
    fc.assert(fc.property(fc.string(), (profile) => /^[a-z0-9][a-z0-9-]{0,31}$/.test(newId(profile))));
  });
});
