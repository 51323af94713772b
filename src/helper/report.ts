import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

let log: Writable | undefined;

/**
 * One line for the machine's log, by one logger(1) that ends with this process: a program for each would cost more than most acts.
 * A machine without it has its line in the window alone.
 */
export function report(line: string): void {
  log ??= startLogger();
  log.write(`${line.replaceAll('\n', ' ')}\n`);
}

function startLogger(): Writable {
  const logger = spawn('/usr/bin/logger', ['--tag', 'namespace-sandboxes'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  });
  const forget = (): void => {
    log = undefined;
  };
  logger.on('error', forget).on('exit', forget);
  logger.stdin.on('error', forget);
  return logger.stdin;
}
