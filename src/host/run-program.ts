import { execFile, type ExecFileException } from 'node:child_process';

export interface ProgramOptions {
  readonly cwd?: string;
  /** All of its environment; that of this process where it is not given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which it is killed. */
  readonly timeout?: number;
}

/** How a program has ended that was run without input, and what it has said. */
export interface Ran {
  /** Undefined where a signal ended it, or where it could not be started. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** Why it could not be started, where that is so. */
  readonly stderr: string;
  readonly timedOut: boolean;
}

/**
 * Runs a program that takes a moment. A start waits for some, so this is Node's own way: the one with more to offer takes longer
 * to load than such a program to run.
 */
export async function runProgram(file: string, args: readonly string[], options?: ProgramOptions): Promise<Ran> {
  const { error, stdout, stderr } = await run(file, args, options);
  const exitCode = error === null ? 0 : error.code;
  return {
    exitCode: typeof exitCode === 'number' ? exitCode : undefined,
    stdout,
    stderr: typeof exitCode === 'string' ? (error?.message ?? '') : stderr,
    timedOut: error?.killed === true,
  };
}

/** Returns the output of a program. @throws Error with its command line and its complaint where it fails. */
export async function outputOf(file: string, args: readonly string[], options?: ProgramOptions): Promise<string> {
  const { error, stdout } = await run(file, args, options);
  if (error !== null) throw new Error(error.message, { cause: error });
  return stdout;
}

interface Said {
  readonly error: ExecFileException | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[], options?: ProgramOptions): Promise<Said> {
  return new Promise((resolve) => {
    const child = execFile(file, args, { ...options, maxBuffer: Infinity }, (error, stdout, stderr) =>
      resolve({ error, stdout: withoutLastBreak(stdout), stderr: withoutLastBreak(stderr) }),
    );
    child.stdin?.end();
  });
}

function withoutLastBreak(text: string): string {
  return text.endsWith('\n') ? text.slice(0, -1) : text;
}
