import { describe, expect, it } from 'vitest';
import type { Privileges } from '../../../src/model/privileges.ts';
import { badge, badged, whyContained } from '../../../src/ui/views/contained.ts';
import { observation, process } from './observations.ts';

const ALL = 0x1ff_ffff_ffffn;

function privileges(parts: Partial<Privileges> = {}): Privileges {
  const capabilities = { effective: ALL, permitted: ALL, inheritable: 0n, bounding: ALL, ambient: 0n };
  return { capabilities, noNewPrivs: false, seccomp: 'off', seccompFilters: 0, ...parts };
}

const inside = process(50, { namespaces: { user: 1, mnt: 2, pid: 33, net: 4, ipc: 5, uts: 66, cgroup: 7, time: 8 } });

describe('why a process looks contained', () => {
  it('is a badge of words, not of a colour alone', () => {
    expect(badge(inside, observation())).toEqual(['own pid uts']);
    expect(badge(process(10), observation())).toEqual([]);
    expect(badged(observation())(inside)).toMatchObject({
      icon: 'package',
      spoken: 'process bash, pid 50, own pid uts',
    });
    expect(badged(observation())(process(10))).toMatchObject({
      icon: 'server-process',
      spoken: 'process bash, pid 10',
    });
  });

  it('is short where all eight are its own', () => {
    const types = ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup', 'time'];
    const namespaces = Object.fromEntries(types.map((type, at) => [type, 100 + at]));
    expect(badge(process(50, { namespaces }), observation())).toEqual(['own all eight']);
  });

  it('is said reason by reason', () => {
    const confined = privileges({
      capabilities: { ...privileges().capabilities, bounding: 0x21n },
      noNewPrivs: true,
      seccomp: 'filter',
      seccompFilters: 2,
    });
    expect(whyContained(inside, observation(), confined)).toEqual([
      'other namespaces than the host: pid, uts',
      'seccomp: filter (2 filters)',
      'no_new_privs',
      'can never have more than 2 of 41 capabilities',
    ]);
  });

  it('is nothing for a process like those of the host', async () => {
    expect(whyContained(process(10), observation(), privileges())).toEqual([]);
    expect(whyContained(process(10), observation(), undefined)).toEqual([]);
    const gone = process(2 ** 22 + 1);
    expect(await badged(observation())(gone).tooltip?.()).toContain('Nothing contains it.');
  });
});
