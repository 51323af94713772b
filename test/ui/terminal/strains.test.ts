import { describe, expect, it } from 'vitest';
import type { CgroupReadings } from '../../../src/model/cgroup.ts';
import { strains, strainSentence } from '../../../src/ui/terminal/strains.ts';

function readings(oomKills: number | undefined, pidsRefused: number | undefined): CgroupReadings {
  const unread = { memoryCurrent: undefined, memoryMax: undefined, pidsCurrent: undefined, pidsMax: undefined };
  return { ...unread, cpuUsage: undefined, throttledPeriods: 7, oomKills, pidsRefused };
}

describe('strains', () => {
  it('are the counters that have grown', () => {
    expect(strains(readings(1, 0), readings(3, 0))).toEqual([{ key: 'memory.max', times: 2 }]);
    expect(strains(readings(undefined, undefined), readings(undefined, 1))).toEqual([{ key: 'pids.max', times: 1 }]);
    expect(strains(readings(3, 3), readings(3, 3))).toEqual([]);
  });

  it('are said in words', () => {
    expect(strainSentence('a-1', { key: 'memory.max', times: 1 }, '64M')).toBe(
      'a-1: a process was killed by memory.max = 64M.',
    );
    expect(strainSentence('a-1', { key: 'memory.max', times: 2 }, '64M')).toBe(
      'a-1: 2 processes were killed by memory.max = 64M.',
    );
    expect(strainSentence('a-1', { key: 'pids.max', times: 9 }, '16')).toBe(
      'a-1: new processes were refused by pids.max = 16.',
    );
  });
});
