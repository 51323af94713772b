import { execa } from 'execa';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { featuresOf, hostFeatures } from '../../src/host/features.ts';

it('says of a program what its help says, and asks once', async () => {
  const features = await hostFeatures();
  const { stdout: help } = await execa('setpriv', ['--help']);
  expect(features).toEqual({
    setpriv: { seccompFilter: help.includes('--seccomp-filter'), landlock: help.includes('--landlock-access') },
  });
  expect(hostFeatures()).toBe(hostFeatures());
});

it.each([
  ['2.37', false],
  ['2.38', false],
  ['2.39', false],
  ['2.41', true],
])('reads the help of util-linux %s', (version, loads) => {
  const setpriv = readFileSync(`test/host/help/${version}/setpriv.txt`, 'utf8');
  expect(featuresOf({ setpriv })).toEqual({ setpriv: { seccompFilter: loads, landlock: loads } });
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
