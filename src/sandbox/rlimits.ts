import { requireProgram } from '../host/programs.ts';
import { outputOf } from '../host/run-program.ts';
import { problem, ProblemError } from '../model/problem.ts';
import { RLIMIT_NAMES, type Profile, type Rlimit, type RlimitName } from '../model/profile.ts';
import { formatRlimit } from '../profile/rlimits.ts';

/** The limits as options of prlimit(1): `--nofile=64:128`. */
export function rlimitOptions(rlimits: Profile['rlimits']): readonly string[] {
  return limitsOf(rlimits).map(([name, limit]) => `--${name}=${formatRlimit(limit)}`);
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
