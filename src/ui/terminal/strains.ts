import type { CgroupReadings } from '../../model/cgroup.ts';
import type { LimitKey } from '../../model/limits/table.ts';

/** A limit that has bitten since the last look. */
export interface Strain {
  readonly key: LimitKey;
  readonly times: number;
}

/** Counters that have grown from one reading to the next. Throttling is what cpu.max is for, and no event. */
export function strains(before: CgroupReadings, after: CgroupReadings): readonly Strain[] {
  return [
    grown('memory.max', before.oomKills, after.oomKills),
    grown('pids.max', before.pidsRefused, after.pidsRefused),
  ].filter((strain) => strain !== undefined);
}

function grown(key: LimitKey, before: number | undefined, after: number | undefined): Strain | undefined {
  const times = (after ?? 0) - (before ?? 0);
  return times > 0 ? { key, times } : undefined;
}

/** `throwaway-1a2b: a process was killed by memory.max = 64M.` */
export function strainSentence(id: string, { key, times }: Strain, limit: string | undefined): string {
  const which = limit === undefined ? key : `${key} = ${limit}`;
  if (key === 'pids.max') return `${id}: new processes were refused by ${which}.`;
  return times === 1
    ? `${id}: a process was killed by ${which}.`
    : `${id}: ${times} processes were killed by ${which}.`;
}
