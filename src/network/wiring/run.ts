import { spawn } from 'node:child_process';

/** How a program has ended. */
export interface Ran {
  readonly output: string;
  /** The last line of its standard error. */
  readonly said: string;
  /** Null where a signal has ended it. */
  readonly status: number | null;
}

/** Runs a program with `files` as its descriptors from 3 up. @throws Error where it cannot be started. */
export function runWithFiles(
  [program = '', ...args]: readonly string[],
  files: readonly (number | 'ignore')[],
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', ...files], env: { LC_ALL: 'C' } });
    let [output, errors] = ['', ''];
    child.stdout?.setEncoding('latin1').on('data', (text: string) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const said = (): string => errors.trim().split('\n').at(-1) ?? '';
    child.on('error', reject).on('close', (status) => resolve({ output, said: said(), status }));
  });
}
