import { describe, expect, it } from 'vitest';
import { checkHost, isAtLeast, kernel, userNamespaceFix } from '../../src/host/check.ts';
import { requireLinux } from '../../src/host/programs.ts';

describe('checkHost', () => {
  it('tries what a sandbox needs, each once', async () => {
    const { lines } = await checkHost();
    const ids = lines.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(['kernel', 'util-linux', 'namespaces', 'overlay', 'limits', 'helper']));
  });

  it('knows which kernels are too old', () => {
    expect([kernel('5.10.0-30-amd64').status, kernel('5.11').status, kernel('6.1.0').status]).toEqual([
      'missing',
      'ok',
      'ok',
    ]);
    expect(isAtLeast('2.9', [2, 37])).toBe(false);
    expect(isAtLeast('of an unknown version', [2, 37])).toBe(false);
  });

  it('names the narrowest way out', () => {
    const fix = (
      settings: Readonly<Record<string, string>>,
      stderr = 'unshare failed: Operation not permitted',
    ): string => userNamespaceFix(stderr, (name) => settings[name]);
    expect(fix({ 'kernel/unprivileged_userns_clone': '0' })).toContain('kernel.unprivileged_userns_clone=1');
    expect(fix({ 'user/max_user_namespaces': '0' })).toContain('user.max_user_namespaces');
    expect(fix({ 'kernel/apparmor_restrict_unprivileged_userns': '1' })).toContain('AppArmor');
    expect(fix({})).toContain('container');
  });

  it('is refused anywhere but on Linux, in words', () => {
    expect(() => requireLinux('darwin')).toThrow(/notLinux/);
    expect(() => requireLinux('linux')).not.toThrow();
  });
});
