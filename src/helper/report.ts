import { spawn } from 'node:child_process';

/** One line for the machine's log, by logger(1); a machine without it has its line in the window alone. */
export function report(line: string): void {
  const logger = spawn('/usr/bin/logger', ['--tag', 'namespace-sandboxes', '--', line], { stdio: 'ignore', env: {} });
  logger.on('error', () => undefined);
}
