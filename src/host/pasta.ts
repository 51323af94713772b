import { fail } from '../model/problem.ts';
import { requireProgram } from './programs.ts';
import { runProgram } from './run-program.ts';

/** pasta(1) of this host, with the options that it knows. */
export interface Pasta {
  readonly program: string;
  readonly options: ReadonlySet<string>;
}

/** The year of the first version that knows all that is needed. */
export const PASTA_NEEDED = '2023';

/** What every version must know, each with an argument where it takes one. */
const NEEDED = [['--config-net'], ['--no-map-gw'], ['--dns-forward', '192.0.2.53'], ['--ns-ifname', 'eth0']] as const;

/** What some know. */
const MORE = ['--host-lo-to-ns-lo'] as const;

/** @throws ProblemError `programMissing`, `programTooOld`. */
export async function requirePasta(): Promise<Pasta> {
  const program = requireProgram('pasta');
  const [lacking, ...unknown] = await Promise.all([
    lackingOf(program),
    ...MORE.map((option) => unknownOf(program, [option])),
  ]);
  if (lacking !== undefined)
    fail('programTooOld', { program: 'pasta', found: `without ${lacking}`, needed: PASTA_NEEDED });
  return { program, options: new Set(MORE.filter((option) => !unknown.includes(option))) };
}

/** The option that a pasta(1) must know and does not; undefined where it knows them all. */
export async function lackingOf(program: string): Promise<string | undefined> {
  return unknownOf(program, NEEDED.flat());
}

/**
 * The first of these options that it does not know. Versions differ, and carry no number that could be compared; and the help of
 * some ends in the middle where no terminal reads it.
 */
async function unknownOf(program: string, words: readonly string[]): Promise<string | undefined> {
  const { stdout, stderr } = await runProgram(program, [...words, '--help'], { env: { LC_ALL: 'C' } });
  return /unrecognized option '(--[a-z-]+)/.exec(stderr + stdout)?.[1];
}
