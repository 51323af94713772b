import { execa } from 'execa';
import { expect, it } from 'vitest';
import { hostFeatures } from '../../src/host/features.ts';

it('says of each program what its help says, and asks once', async () => {
  const features = await hostFeatures();
  const help = async (program: string): Promise<string> => (await execa(program, ['--help'])).stdout;
  const [setpriv, unshare, nsenter] = await Promise.all(['setpriv', 'unshare', 'nsenter'].map(help));
  expect(features).toEqual({
    setpriv: { seccompFilter: setpriv?.includes('--seccomp-filter'), landlock: setpriv?.includes('--landlock-access') },
    unshare: { mapUsers: unshare?.includes('--map-users'), mapAuto: unshare?.includes('--map-auto') },
    nsenter: { env: nsenter?.includes('--env'), workingDirectoryInside: nsenter?.includes('--wdns') },
  });
  expect(hostFeatures()).toBe(hostFeatures());
});
