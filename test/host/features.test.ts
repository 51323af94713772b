import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('has in the help of each version what every script is made with', () => {
  const always = {
    setpriv: ['pdeathsig', 'clear-groups', 'reuid', 'regid'],
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
