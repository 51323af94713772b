import { beforeAll, describe, expect, it } from 'vitest';
import { hostFeatures } from '../../../src/host/features.ts';
import { landlockOptions } from '../../../src/sandbox/landlock.ts';
import { NO_MOUNTS, tmpfs } from '../../../src/sandbox/mounts.ts';
import { bindFile, bindFolder } from '../../../src/sandbox/mounts.ts';
import { CALLERS } from '../../support/unshared.ts';
import { tryout } from './inside.ts';

const { landlock } = (await hostFeatures()).setpriv;

describe.each(CALLERS)('rules of Landlock in a sandbox of %s', (name) => {
  const tried = tryout(name);
  const SETTINGS = { landlock: { readOnly: ['/usr', '/etc/passwd'], readWrite: ['/tmp'] } };

  it.skipIf(!landlock)('hold in every terminal (needs setpriv of util-linux 2.41)', async () => {
    const line =
      'cat /etc/group /proc/version 2>&1 | grep -c denied; head -c4 /etc/passwd; echo x >/tmp/y && cat /tmp/y';
    const { first, second } = await tried.inBoth(SETTINGS, line);
    expect(first).toBe('2\nrootx');
    expect(second).toBe(first);
  });

  it.skipIf(landlock)('are refused where setpriv cannot set them', async () => {
    const { exitCode, stderr } = await tried.run(SETTINGS, 'true');
    expect(exitCode).toBe(125);
    expect(stderr).toContain('The rules of "landlock" cannot be kept here');
    expect(stderr).toContain('util-linux 2.41');
  });
});

describe('the options of setpriv', () => {
  const world = {
    mounts: {
      ...NO_MOUNTS,
      first: [bindFolder('/etc', '/etc', true), tmpfs('/tmp', '1777')],
      second: [bindFile('/etc/passwd', '/opt/file', ['ro'])],
    },
    overlays: [],
    foreign: false,
  };
  let options: readonly string[];
  beforeAll(() => {
    options = landlockOptions({ readOnly: ['/etc', '/etc/passwd'], readWrite: ['/tmp', '/opt/file'] }, world);
  });

  it('give files no rights of folders', () => {
    expect(options).toContain('--landlock-rule=path-beneath:execute,read-file,read-dir:/etc');
    expect(options).toContain('--landlock-rule=path-beneath:execute,read-file:/etc/passwd');
    expect(options).toContain('--landlock-rule=path-beneath:execute,read-file,write-file,truncate:/opt/file');
    expect(options.find((option) => option.endsWith(':/tmp'))).toContain('make-sock');
    expect(options[0]).toMatch(/^--landlock-access=fs:execute,read-file,read-dir,write-file/);
  });

  it('name nothing that is not there', () => {
    expect(() => landlockOptions({ readOnly: ['/etc/none'], readWrite: [] }, world)).toThrow('landlockPathMissing');
  });
});
