import { findProgram, SYSTEM_PATH } from './programs.ts';
import { runProgram } from './run-program.ts';

/** What came of a program that was started to see whether it can. */
export interface Attempt {
  readonly ok: boolean;
  readonly output: string;
  /** Its last word where it failed. */
  readonly reason: string;
}

export interface AttemptOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** What does not answer must not hold the check up; a slow machine may load a module first, or start an authority. */
const PATIENCE = 10_000;

/** Runs a program of the system, in the language of its source: causes are told by what it says. */
export async function attempt(words: readonly string[], { cwd, env }: AttemptOptions = {}): Promise<Attempt> {
  const [name = '', ...args] = words;
  const program = findProgram(name);
  if (program === undefined) return { ok: false, output: '', reason: `${name} is missing` };
  const { exitCode, stdout, stderr, timedOut } = await runProgram(program, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { PATH: SYSTEM_PATH.join(':'), LC_ALL: 'C', ...env },
    timeout: PATIENCE,
  });
  return { ok: exitCode === 0, output: stdout, reason: timedOut ? `${name} did not answer` : lastWord(stderr) };
}

/** mount(8) adds a line that says only where to look. */
function lastWord(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes('dmesg(1)'));
  return lines.at(-1)?.trim() ?? 'it gave no reason';
}
