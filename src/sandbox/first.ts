import { readFileSync } from 'node:fs';
import { memoryKillCounter } from '../cgroup/limits.ts';
import type { LimitsGiven } from '../model/sandbox.ts';
import type { GatedScript } from './gates.ts';

/** The command that PID 1 of a sandbox has started itself. */
export interface First {
  readonly ended: Promise<FirstEnded>;
}

export interface FirstEnded {
  /** As sh(1) says it; undefined where the sandbox ended before it. */
  readonly status: number | undefined;
  /** The limit for which the kernel has killed a process meanwhile: it kills with a bare SIGKILL. */
  readonly killedBy: string | undefined;
}

/** Waits for it from now on. */
export function firstOf(script: GatedScript, given: LimitsGiven): First {
  const before = kills(given);
  const ended = script.next().then((words): FirstEnded => {
    const status = words?.[0] === 'ended' ? Number(words[1]) : undefined;
    return { status, killedBy: kills(given) > before ? given.held['memory.max'] : undefined };
  });
  ended.catch(() => undefined); // it is for whoever waits for it
  return { ended };
}

/** The files that count what the kernel kills for memory, each with the word in front of the number. */
export function memoryKillCounters({ cgroups }: LimitsGiven): readonly { file: string; key: string }[] {
  const folder = cgroups['memory.max'];
  return folder === undefined ? [] : [memoryKillCounter(folder)];
}

function kills(given: LimitsGiven): number {
  const counts = memoryKillCounters(given).map(({ file, key }) => countIn(file, key));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** 0 where the cgroup is gone. */
function countIn(file: string, key: string): number {
  try {
    return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
