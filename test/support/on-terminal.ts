import { spawn } from 'node:child_process';
import { shellWords } from '../../src/sandbox/quote.ts';

/** What is typed each time that a text is read on the terminal; nothing more is typed once there are no more replies. */
export interface Prompt {
  readonly when: RegExp;
  readonly type: readonly string[];
}

/** Words that run a command on a terminal of its own, by script(1), whose keyboard is standard input. */
export function onTerminalWords(command: readonly string[]): readonly string[] {
  return ['script', '--quiet', '--return', '--command', shellWords(command), '/dev/null'];
}

/** Runs a program, types what it asks for, and returns what it printed and its exit status. */
export function typing(
  [file = '', ...args]: readonly string[],
  { when, type }: Prompt,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | null; readonly output: string }> {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  const replies = [...type];
  let output = '';
  let unread = '';
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    unread += chunk.toString();
    if (!when.test(unread) || replies.length === 0) return;
    unread = '';
    child.stdin.write(replies.shift() ?? '');
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  child.stdin.on('error', () => undefined); // it may have ended
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output: output.replaceAll('\r', '') }));
  });
}
