import { execa } from 'execa';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { featuresOf, hostFeatures } from '../../src/host/features.ts';

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

it.each([
  ['2.37', { loads: false, maps: false, env: false, folder: false }],
  ['2.38', { loads: false, maps: true, env: false, folder: true }],
  ['2.39', { loads: false, maps: true, env: true, folder: true }],
  ['2.41', { loads: true, maps: true, env: true, folder: true }],
])('reads the help of util-linux %s', (version, { loads, maps, env, folder }) => {
  const help = (program: string): string => readFileSync(`test/host/help/${version}/${program}.txt`, 'utf8');
  expect(featuresOf({ setpriv: help('setpriv'), unshare: help('unshare'), nsenter: help('nsenter') })).toEqual({
    setpriv: { seccompFilter: loads, landlock: loads },
    unshare: { mapUsers: maps, mapAuto: maps },
    nsenter: { env, workingDirectoryInside: folder },
  });
});

it('has in the help of each version what every script is made with', () => {
  const always = {
    setpriv: [
      'bounding-set',
      'inh-caps',
      'ambient-caps',
      'no-new-privs',
      'pdeathsig',
      'clear-groups',
      'reuid',
      'regid',
    ],
    unshare: [
      'map-root-user',
      'map-user',
      'map-group',
      'keep-caps',
      'kill-child',
      'propagation',
      'boottime',
      'monotonic',
    ],
    nsenter: ['target', 'preserve-credentials', 'user', 'mount', 'cgroup', 'time'],
  };
  for (const version of ['2.37', '2.38', '2.39', '2.41'])
    for (const [program, options] of Object.entries(always)) {
      const help = readFileSync(`test/host/help/${version}/${program}.txt`, 'utf8');
      expect(options.filter((option) => !help.includes(`--${option}`))).toEqual([]);
    }
});
