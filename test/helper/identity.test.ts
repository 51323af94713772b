import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callerUid } from '../../src/helper/identity.ts';

describe('callerUid', () => {
  it('is who pkexec or sudo names, else root itself', () => {
    expect(callerUid({ PKEXEC_UID: '1000' }, 0)).toBe(1000);
    expect(callerUid({ SUDO_UID: '7' }, 0)).toBe(7);
    expect(callerUid({}, 0)).toBe(0);
  });

  it('is nobody where this process is not root', () => {
    expect(callerUid({ PKEXEC_UID: '1000' }, 1000)).toBeUndefined();
    expect(callerUid({}, undefined)).toBeUndefined();
  });

  it('is nobody where both do, and differ', () => {
    expect(callerUid({ PKEXEC_UID: '1000', SUDO_UID: '7' }, 0)).toBeUndefined();
    expect(callerUid({ PKEXEC_UID: '7', SUDO_UID: '7' }, 0)).toBe(7);
  });

  it('takes nothing but a user id', () => {
    for (const text of ['', '-1', '01', '1e3', ' 1', '4294967295', '99999999999', 'root', '0x0']) {
      expect(callerUid({ PKEXEC_UID: text }, 0), text).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.string(), (text) => /^\d+$/.test(text) || callerUid({ PKEXEC_UID: text }, 0) === undefined),
    );
  });
});
