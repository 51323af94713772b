import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../model/problem.ts';
import type { Sandbox } from '../model/sandbox.ts';

/** A program to run on a terminal or with pipes. */
export interface JoinCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * What enters a sandbox: its join script, with a command or with the shell of its profile.
 * @throws ProblemError `sandboxGone`.
 */
export function joinCommand({ folder, id }: Sandbox, command: readonly string[] = []): JoinCommand {
  const script = join(folder, 'join.sh');
  if (!existsSync(script)) fail('sandboxGone', { id });
  return { file: '/bin/sh', args: [script, ...command], env: terminalEnvironment(process.env) };
}

/** Of the caller's environment only what says which terminal this is. */
function terminalEnvironment({ TERM, COLORTERM }: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  return { TERM: TERM ?? 'xterm-256color', ...(COLORTERM === undefined ? {} : { COLORTERM }) };
}
