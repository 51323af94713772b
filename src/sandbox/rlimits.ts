import { requireProgram } from '../host/programs.ts';
import { outputOf } from '../host/run-program.ts';
import { problem, ProblemError } from '../model/problem.ts';
import { RLIMIT_NAMES, type Profile, type Rlimit, type RlimitName } from '../model/profile.ts';
import { formatRlimit } from '../profile/rlimits.ts';

/** Numbers of the resources, the same on every architecture that is served (include/uapi/asm-generic/resource.h). */
const RESOURCES: Readonly<Record<RlimitName, number>> = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
};

/** The limits of each process, each by its number with the soft and the hard limit. */
export function rlimitFacts(rlimits: Profile['rlimits']): readonly (readonly [number, string, string])[] {
  const text = (value: number | undefined): string => (value === undefined ? 'unlimited' : String(value));
  return limitsOf(rlimits).map(([name, { soft, hard }]) => [RESOURCES[name], text(soft), text(hard)]);
}

/**
 * A hard limit can only be lowered: raising it takes a capability of the machine's first user namespace (getrlimit(2)).
 * @throws ProblemError `rlimitTooHigh`, one for each limit.
 */
export async function requireRlimits(rlimits: Profile['rlimits']): Promise<void> {
  const wanted = limitsOf(rlimits);
  if (wanted.length === 0) return;
  const own = parseHardLimits(await hardLimits());
  const problems = wanted
    .filter(([name, { hard = Infinity }]) => hard > (own.get(name) ?? Infinity))
    .map(([name, limit]) =>
      problem('rlimitTooHigh', { name, asked: formatRlimit(limit), hard: String(own.get(name)) }),
    );
  if (problems.length > 0) throw new ProblemError(problems);
}

function hardLimits(): Promise<string> {
  return outputOf(requireProgram('prlimit'), ['--noheadings', '--raw', '--output=RESOURCE,HARD']);
}

/** Lines such as `NOFILE 1048576`; an unlimited one is Infinity. */
export function parseHardLimits(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(
    lines.map(([name = '', hard]) => [name.toLowerCase(), hard === 'unlimited' ? Infinity : Number(hard)]),
  );
}

function limitsOf(rlimits: Profile['rlimits']): readonly (readonly [RlimitName, Rlimit])[] {
  return RLIMIT_NAMES.flatMap((name) => {
    const limit = rlimits[name];
    return limit === undefined ? [] : [[name, limit] as const];
  });
}
