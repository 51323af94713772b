import { execa } from 'execa';
import { spawn } from 'node:child_process';
import { shellWords } from '../../src/sandbox/script/quote.ts';
import { until } from './until.ts';

/** What is typed each time that a question for a password is read; nothing more is typed once there are no more replies. */
export interface Typed {
  readonly when: RegExp;
  readonly type: readonly string[];
}

/** Words that run a command on a terminal of its own, by script(1), whose keyboard is standard input; it is named first. */
export function onTerminalWords(command: readonly string[]): readonly string[] {
  return ['script', '--quiet', '--return', '--command', `tty; exec ${shellWords(command)}`, '/dev/null'];
}

/** Runs a program on such a terminal, types what it asks for, and returns what it printed and its exit status. */
export function typing(
  [file = '', ...args]: readonly string[],
  { when, type }: Typed,
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
    const reply = replies.shift() ?? '';
    echoIsOff(/\/dev\/pts\/\d+/.exec(output)?.[0] ?? '').then(
      () => child.stdin.write(reply),
      () => child.stdin.end(),
    );
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  child.stdin.on('error', () => undefined); // it may have ended
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output: output.replaceAll('\r', '') }));
  });
}

/** Who asks first prints, and then turns the echo off, which throws away what was typed before (TCSAFLUSH of termios(3)). */
export async function echoIsOff(terminal: string): Promise<void> {
  await until('the echo to be off', async () => {
    const { stdout } = await execa('stty', ['-F', terminal, '-a'], { reject: false });
    return stdout.includes('-echo ');
  });
}
