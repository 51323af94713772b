import { parseArgs, type ParseArgsConfig } from 'node:util';
import { messageOf } from '../model/message-of.ts';
import type { HELP } from './help.ts';

/** A command line that cannot be read; the help of the command is shown with it. */
export class UsageError extends Error {
  readonly command: keyof typeof HELP;

  constructor(message: string, command: keyof typeof HELP) {
    super(message);
    this.command = command;
  }
}

/**
 * The options of a command, and the words after `--`, which are not looked at.
 * @throws UsageError for an option that it has not.
 */
export function readOptions<Options extends NonNullable<ParseArgsConfig['options']>>(
  command: keyof typeof HELP,
  args: readonly string[],
  options: Options,
) {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  try {
    const { values, positionals } = parseArgs({ args: [...own], options, allowPositionals: true, strict: true });
    return { values, positionals, rest: end < 0 ? [] : args.slice(end + 1) };
  } catch (error) {
    throw new UsageError(messageOf(error), command);
  }
}
