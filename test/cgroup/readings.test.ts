import { execa } from 'execa';
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import {
  distinctFolders,
  hierarchyFor,
  makeLimitCgroups,
  removeCgroup,
  topHomes,
  type LimitFolders,
} from '../../src/cgroup/limits.ts';
import { limitReadings, readCgroup } from '../../src/cgroup/readings.ts';
import { askedKeys, type LimitValues } from '../../src/model/limits/table.ts';
import type { CgroupReadings } from '../../src/model/cgroup.ts';
import type { LimitsGiven } from '../../src/model/sandbox.ts';
import { until } from '../support/until.ts';

const NOTHING: CgroupReadings = {
  memoryCurrent: undefined,
  memoryMax: undefined,
  pidsCurrent: undefined,
  pidsMax: undefined,
  cpuUsage: undefined,
  oomKills: undefined,
  pidsRefused: undefined,
  throttledPeriods: undefined,
};

const given = (cgroups: LimitFolders): LimitsGiven => ({ way: 'own', cgroups, held: {}, missing: {} });

describe('the files of a cgroup', () => {
  let base = '';
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'readings-'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  const folderWith = (files: Readonly<Record<string, string>>): string => {
    const folder = mkdtempSync(join(base, 'cgroup-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  };

  it('of v2 are read', () => {
    const folder = folderWith({
      'memory.current': '4096\n',
      'memory.max': '67108864\n',
      'memory.events': 'low 0\nhigh 0\nmax 31\noom 2\noom_kill 1\noom_group_kill 0\n',
      'pids.current': '3\n',
      'pids.max': '256\n',
      'pids.events': 'max 17\n',
      'cpu.stat': 'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 9\nnr_throttled 4\nthrottled_usec 7\n',
    });
    expect(readCgroup(folder)).toEqual({
      memoryCurrent: 4096,
      memoryMax: 67_108_864,
      pidsCurrent: 3,
      pidsMax: 256,
      cpuUsage: 1500,
      oomKills: 1,
      pidsRefused: 17,
      throttledPeriods: 4,
    });
  });

  it('of v1 are read, each hierarchy for itself, and told together', () => {
    const memory = folderWith({
      'memory.usage_in_bytes': '8192\n',
      'memory.limit_in_bytes': '67108864\n',
      'memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
    });
    const pids = folderWith({ 'pids.current': '1\n', 'pids.max': '64\n', 'pids.events': 'max 0\n' });
    const cpu = folderWith({
      'cpu.stat': 'nr_periods 20\nnr_throttled 19\nthrottled_time 1000\n',
      'cpuacct.usage': '1234567\n',
    });
    expect(readCgroup(memory)).toEqual({ ...NOTHING, memoryCurrent: 8192, memoryMax: 67_108_864, oomKills: 2 });
    expect(limitReadings(given({ 'memory.max': memory, 'pids.max': pids, 'cpu.max': cpu }))).toEqual({
      memoryCurrent: 8192,
      memoryMax: 67_108_864,
      pidsCurrent: 1,
      pidsMax: 64,
      cpuUsage: 1235,
      oomKills: 2,
      pidsRefused: 0,
      throttledPeriods: 19,
    });
  });

  it('tell no limit where there is none', () => {
    expect(readCgroup(folderWith({ 'memory.max': 'max\n', 'pids.max': 'max\n' }))).toEqual(NOTHING);
    expect(readCgroup(folderWith({ 'memory.limit_in_bytes': '9223372036854771712\n' }))).toEqual(NOTHING);
  });

  it('tell nothing of a cgroup that is gone, or without limits', () => {
    expect(readCgroup(join(base, 'gone'))).toEqual(NOTHING);
    expect(limitReadings(given({ 'pids.max': join(base, 'gone') }))).toEqual(NOTHING);
    expect(limitReadings(given({}))).toBeUndefined();
  });

  it('give every number below the largest limit', () => {
    const folder = folderWith({});
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        writeFileSync(join(folder, 'memory.max'), `${bytes}\n`);
        expect(readCgroup(folder).memoryMax).toBe(bytes);
      }),
    );
  });

  it('give a number or nothing, whatever they hold', () => {
    const folder = folderWith({});
    const text = fc
      .array(fc.constantFrom('oom_kill', 'oom', ' ', '\n', '1', '-', 'max', 'e9', '0x'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (written) => {
        for (const name of ['memory.max', 'memory.events', 'pids.current']) writeFileSync(join(folder, name), written);
        for (const value of Object.values(readCgroup(folder))) {
          expect(value === undefined || (Number.isFinite(value) && value >= 0)).toBe(true);
        }
      }),
    );
  });
});

const LIMITS: LimitValues = {
  'memory.max': 64 * 1024 ** 2,
  'pids.max': 20,
  'cpu.max': { quota: 20_000, period: 100_000 },
};
const hierarchies = cgroupHierarchies();
const possible =
  process.getuid?.() === 0 && askedKeys(LIMITS).every((key) => hierarchyFor(key, hierarchies) !== undefined);

describe.skipIf(!possible)('a real cgroup (needs root and the controllers memory, pids and cpu)', () => {
  let folders: LimitFolders = {};
  beforeEach(() => {
    // No sandbox has a name with a dot: those who remove what ended sandboxes have left pass this one over.
    ({ folders } = makeLimitCgroups(topHomes(askedKeys(LIMITS), hierarchies), `readings.${process.pid}`, LIMITS));
  });
  afterEach(() => until('the cgroups are removed', () => distinctFolders(folders).map(removeCgroup).every(Boolean)));

  const now = (): CgroupReadings => limitReadings(given(folders)) ?? NOTHING;

  /** Runs a script in the cgroups. */
  const inside = (script: string) => {
    const enter = distinctFolders(folders).map((folder) => `echo 0 > '${folder}/cgroup.procs'`);
    return execa('sh', ['-c', [...enter, script].join('\n')], { reject: false });
  };

  it('tells its limits', () => {
    expect(now()).toMatchObject({
      memoryMax: LIMITS['memory.max'],
      pidsMax: 20,
      pidsCurrent: 0,
      oomKills: 0,
      pidsRefused: 0,
      throttledPeriods: 0,
    });
  });

  it('counts what is killed for memory', async () => {
    // A line of 200M must be held whole.
    const { exitCode } = await inside('head -c 200M /dev/zero | tail -n 1 >/dev/null');
    expect(exitCode).toBe(128 + 9);
    expect(now().oomKills).toBeGreaterThan(0);
  });

  it('counts refused forks', async () => {
    await inside('for i in $(seq 30); do sleep 1 & done; wait');
    expect(now().pidsRefused).toBeGreaterThan(0);
  });

  it('counts throttled periods', async () => {
    await inside('timeout 1 sh -c "while :; do :; done"');
    expect(now().throttledPeriods).toBeGreaterThan(0);
  });
});
