import { describe, expect, it } from 'vitest';
import { landlockVersion, NEEDED_LANDLOCK } from '../../../src/host/landlock.ts';
import { landlockRules } from '../../../src/sandbox/landlock.ts';
import { bindFile, bindFolder, NO_MOUNTS, tmpfs } from '../../../src/sandbox/mounts.ts';
import { CALLERS } from '../../support/unshared.ts';
import { tryout } from './inside.ts';

const isThere = (await landlockVersion()).version >= NEEDED_LANDLOCK;

describe.each(CALLERS)('rules of Landlock in a sandbox of %s', (name) => {
  const tried = tryout(name);
  const SETTINGS = { landlock: { readOnly: ['/usr', '/etc/passwd'], readWrite: ['/tmp'] } };

  it.skipIf(!isThere)('hold in every terminal (needs a kernel with Landlock)', async () => {
    const line =
      'cat /etc/group /proc/version 2>&1 | grep -c denied; head -c4 /etc/passwd; echo x >/tmp/y && cat /tmp/y';
    const { first, second } = await tried.inBoth(SETTINGS, line);
    expect(first).toBe('2\nrootx');
    expect(second).toBe(first);
  });

  it.skipIf(isThere)('are refused where the kernel has none (needs a kernel without Landlock)', async () => {
    const { exitCode, stderr } = await tried.run(SETTINGS, 'true');
    expect(exitCode).toBe(125);
    expect(stderr).toContain('The rules of "landlock" cannot be kept here');
    expect(stderr).toContain('Enable Landlock in the kernel');
  });
});

describe('the rules of a profile', () => {
  const world = {
    mounts: {
      ...NO_MOUNTS,
      first: [bindFolder('/etc', '/etc', 'ro'), tmpfs('/tmp', '1777')],
      second: [bindFile('/etc/passwd', '/opt/file', ['ro'])],
    },
    overlays: [],
    foreign: false,
  };

  it('give files no rights of folders', () => {
    const landlock = { readOnly: ['/etc', '/etc/passwd'], readWrite: ['/tmp', '/opt/file'] };
    const { handled, rules } = landlockRules(landlock, world);
    expect(handled).toBe(0x7fff);
    expect(rules.map(({ path, rights }) => [path, rights.toString(2)])).toEqual([
      ['/dev', '111111111111111'],
      ['/etc', '1101'],
      ['/etc/passwd', '101'],
      ['/tmp', '111111111111111'],
      ['/opt/file', '100000000000111'],
    ]);
  });

  it('name nothing that is not there', () => {
    expect(() => landlockRules({ readOnly: ['/etc/none'], readWrite: [] }, world)).toThrow('landlockPathMissing');
  });
});
