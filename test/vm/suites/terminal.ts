import { execa } from 'execa';
import { createInterface } from 'node:readline';
import { unsharedWords, WORKSPACE, type Caller, type Finished } from './guest.ts';

/** Prints a line and waits for the end of its input; it reads itself, because a fork could be refused. */
export const WAIT = 'echo waiting; read -r _';

/** A command of `unshared` that goes on until its standard input ends. */
export interface Terminal {
  /** Waits for the line of `WAIT`. Rejects where the command ends before. */
  waits(): Promise<void>;
  /** Ends the input, and waits for the command to end. May be called again. */
  end(): Promise<Finished>;
}

export function openTerminal(caller: Caller, args: readonly string[]): Terminal {
  const [file, ...words] = unsharedWords(caller, args);
  const child = execa(file, words, { cwd: WORKSPACE, reject: false });
  const lines = createInterface({ input: child.stdout });
  const finished = async (): Promise<Finished> => {
    const { exitCode, stdout, stderr } = await child;
    return { exitCode, stdout, stderr };
  };
  return {
    waits: () =>
      new Promise((resolve, reject) => {
        lines.on('line', (line) => line === 'waiting' && resolve());
        void finished().then((all) => reject(new Error(`it ended before: ${JSON.stringify(all)}`)));
      }),
    end: () => {
      child.stdin.end();
      return finished();
    },
  };
}

/** Keeps a sandbox running meanwhile, and returns what its first terminal has printed. */
export async function whileRunning(
  caller: Caller,
  options: readonly string[],
  work: () => void | Promise<void>,
): Promise<Finished> {
  const terminal = openTerminal(caller, ['run', ...options, '--', 'sh', '-c', WAIT]);
  try {
    await terminal.waits();
    await work();
  } finally {
    await terminal.end();
  }
  return terminal.end();
}
