import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupReadings } from '../model/cgroup.ts';
import type { LimitsGiven } from '../model/sandbox.ts';

/** What the files of a cgroup say now, of v2 or v1 (cgroup-v2.rst, cgroup-v1/*.rst); undefined where there is no such file. */
export function readCgroup(folder: string): CgroupReadings {
  const file = (name: string): string | undefined => readIfThere(join(folder, name));
  const counter = (name: string): string | undefined => readIfThere(fileInside(folder, name));
  const cpuStat = file('cpu.stat');
  return {
    memoryCurrent: number(file('memory.current') ?? file('memory.usage_in_bytes')),
    memoryMax: limit(file('memory.max') ?? file('memory.limit_in_bytes')),
    pidsCurrent: number(file('pids.current')),
    pidsMax: limit(file('pids.max')),
    cpuUsage: keyed(cpuStat, 'usage_usec') ?? microseconds(number(file('cpuacct.usage'))),
    oomKills: keyed(file('memory.events') ?? counter('memory.oom_control'), 'oom_kill'),
    pidsRefused: keyed(counter('pids.events'), 'max'),
    throttledPeriods: keyed(cpuStat, 'nr_throttled'),
  };
}

/** What the cgroups that hold a sandbox's limits say, together; undefined where there are none. */
export function limitReadings({ cgroups }: LimitsGiven): CgroupReadings | undefined {
  const readings = [...new Set(Object.values(cgroups))].map(readCgroup);
  return readings.length === 0 ? undefined : readings.reduce(merged);
}

/** Where the processes of a sandbox are, if who is root inside owns the files of its limits. */
export const INSIDE = 'inside';

/** A file of the cgroup in which the processes of a folder are: v1 counts some events there alone. */
export function fileInside(folder: string, name: string): string {
  const inside = join(folder, INSIDE, name);
  return existsSync(inside) ? inside : join(folder, name);
}

function merged(a: CgroupReadings, b: CgroupReadings): CgroupReadings {
  return {
    memoryCurrent: a.memoryCurrent ?? b.memoryCurrent,
    memoryMax: a.memoryMax ?? b.memoryMax,
    pidsCurrent: a.pidsCurrent ?? b.pidsCurrent,
    pidsMax: a.pidsMax ?? b.pidsMax,
    cpuUsage: a.cpuUsage ?? b.cpuUsage,
    oomKills: a.oomKills ?? b.oomKills,
    pidsRefused: a.pidsRefused ?? b.pidsRefused,
    throttledPeriods: a.throttledPeriods ?? b.throttledPeriods,
  };
}

function number(text: string | undefined): number | undefined {
  return text === undefined || !/^\d+\s*$/.test(text) ? undefined : Number(text);
}

/** v1 writes "no limit" as the largest number of pages that fits into 63 bits. */
const UNLIMITED = 2 ** 62;

function limit(text: string | undefined): number | undefined {
  const value = number(text);
  return value === undefined || value >= UNLIMITED ? undefined : value;
}

/** The value of a key in a file of `key value` lines. */
function keyed(text: string | undefined, key: string): number | undefined {
  const line = text?.split('\n').find((one) => one.startsWith(`${key} `));
  return number(line?.slice(key.length + 1));
}

function microseconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : Math.round(nanoseconds / 1000);
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
