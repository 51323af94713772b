import { readdirSync } from 'node:fs';
import type { CgroupHierarchy } from '../model/cgroup.ts';
import type { Process } from '../model/process.ts';
import { readMembership, type Membership } from './membership.ts';
import { startLooking, type Looked, type Round, type Seen } from './processes.ts';
import type { SecondThread } from './second-thread.ts';

/** By ascending pid. */
export type SeenProcesses = ReadonlyMap<number, Seen>;

/** Below this the second thread costs more than it spares. */
const MANY = 300;

/** All processes of this machine that /proc shows, by ascending pid. */
export function readProcesses(): readonly Process[] {
  return [...startSight()([]).values()].map(({ process }) => process);
}

/**
 * Sees all processes with what they hold, time and again. A process that has not run since is the same object as before.
 * `second` looks at half of them, where they are many and it has not failed.
 */
export function startSight(second?: SecondThread): (hierarchies: readonly CgroupHierarchy[]) => SeenProcesses {
  let looking = lookAlone();
  let other = second;
  let membership: Membership | undefined;
  let seen: SeenProcesses = new Map();
  return (hierarchies) => {
    const pids = readPids();
    const now = readMembership(hierarchies, pids.length);
    const moved = membership && now && movedBetween(membership, now, pids);
    membership = now;
    if (other && looking.alone && pids.length > MANY) begin(lookTogether(other));
    try {
      return look({ pids, moved });
    } catch (error) {
      if (looking.alone) throw error;
      other = undefined;
      begin(lookAlone());
      return look({ pids, moved });
    }
  };

  function begin(anew: Looking): void {
    looking = anew;
    seen = new Map();
  }

  function look(round: Round): SeenProcesses {
    return (seen = merge(seen, round.pids, looking.look(round)));
  }
}

interface Looking {
  readonly alone: boolean;
  readonly look: (round: Round) => readonly Looked[];
}

function lookAlone(): Looking {
  const look = startLooking({ part: 0, parts: 1 });
  return { alone: true, look: (round) => [look(round)] };
}

function lookTogether(second: SecondThread): Looking {
  const look = startLooking({ part: 0, parts: 2 });
  const otherHalf = second({ part: 1, parts: 2 });
  return {
    alone: false,
    look: (round) => {
      const wait = otherHalf(round);
      return [look(round), wait()];
    },
  };
}

function readPids(): Int32Array {
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return Int32Array.from(names, Number).sort();
}

function movedBetween(before: Membership, now: Membership, pids: Int32Array): Int32Array {
  return pids.filter((pid) => before.get(pid) !== now.get(pid));
}

function merge(before: SeenProcesses, pids: Int32Array, looked: readonly Looked[]): SeenProcesses {
  const changed = new Map(looked.flatMap(({ changed }) => changed.map((one) => [one.process.pid, one])));
  const gone = new Set(looked.flatMap(({ gone }) => gone));
  const all = new Map<number, Seen>();
  for (const pid of pids) {
    const seen = changed.get(pid) ?? (gone.has(pid) ? undefined : before.get(pid));
    if (seen) all.set(pid, seen);
  }
  return all;
}
