import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Limits } from '../../src/model/limits/table.ts';
import { planLimits } from '../../src/sandbox/limits/plan-limits.ts';
import { groupedByReason } from '../../src/sandbox/limits/unavailable.ts';
import { sentences } from '../../src/text/problems.ts';

const [disk] = existsSync('/sys/dev/block')
  ? readdirSync('/sys/dev/block').filter((numbers) => !existsSync(`/sys/dev/block/${numbers}/partition`))
  : [];
const limits: Limits = { mode: 'strict', 'memory.high': 2 ** 20, 'cpuset.cpus': '0' };

function said(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    return sentences(error);
  }
}

describe('planLimits', () => {
  it('leaves what is the same on every host', () => {
    expect(planLimits(limits)).toEqual({
      mode: 'strict',
      values: { 'memory.high': 2 ** 20, 'cpuset.cpus': '0' },
      texts: { 'memory.high': '1M', 'cpuset.cpus': '0' },
      missing: {},
    });
  });

  it.skipIf(disk === undefined)('looks up a disk, and says it as it was written (needs a disk)', () => {
    const [major, minor] = (disk ?? '').split(':').map(Number);
    const { values, texts } = planLimits({ ...limits, 'io.max': [{ device: disk ?? '', rbps: 1024 }] });
    expect(values['io.max']).toEqual([{ major, minor, rbps: 1024 }]);
    expect(texts['io.max']).toBe(`${disk ?? ''} rbps=1K`);
  });

  it('says which disk is none where limits are strict', () => {
    const io = (device: string) => ({ ...limits, 'io.max': [{ device, rbps: 1 }] });
    const end = 'Set "mode": "best-effort" in "limits" to start without.';
    expect(said(() => planLimits(io('/dev/null')))).toEqual([
      `io.max cannot be enforced here: /dev/null is no block device. ${end}`,
    ]);
    expect(said(() => planLimits(io('/dev/no-disk')))).toEqual([
      `io.max cannot be enforced here: /dev/no-disk is no device of this machine. ${end}`,
    ]);
  });

  it('goes without it, and knows why, where a best effort is enough', () => {
    const plan = planLimits({ ...limits, mode: 'best-effort', 'io.max': [{ device: '/dev/null', rbps: 1 }] });
    expect(plan.missing).toEqual({ 'io.max': '/dev/null is no block device' });
    expect(Object.keys(plan.values)).toEqual(['memory.high', 'cpuset.cpus']);
  });
});

it('reasons are said once, with all that they are of', () => {
  expect(groupedByReason({ 'memory.max': 'a', 'pids.max': 'b', 'cpu.max': 'a' })).toEqual([
    { reason: 'a', keys: ['memory.max', 'cpu.max'] },
    { reason: 'b', keys: ['pids.max'] },
  ]);
});
