import { version } from '../../package.json';
import { ProblemError } from '../model/problem.ts';
import { sentences } from '../text/problems.ts';
import { HELP, isCommand, type CommandName } from './help.ts';
import { GivenUp } from './signals.ts';
import { UsageError } from './usage.ts';

type Command = (args: readonly string[]) => Promise<number>;

/** What each command returns is the exit status. What it needs is loaded when it is used. */
const COMMANDS: Readonly<Record<CommandName, Command>> = {
  run: async (args) => (await import('./run.ts')).run(args),
  list: async (args) => (await import('./commands.ts')).list(args),
  enter: async (args) => (await import('./commands.ts')).enter(args),
  stop: async (args) => (await import('./commands.ts')).stop(args),
  script: async (args) => (await import('./commands.ts')).script(args),
  lab: async (args) => (await import('./lab.ts')).lab(args),
  helper: async (args) => (await import('./helper.ts')).helper(args),
  check: async (args) => (await import('./commands.ts')).check(args),
  namespaces: async (args) => (await import('./commands.ts')).showNamespaces(args),
  cgroups: async (args) => (await import('./commands.ts')).showCgroups(args),
};

/** Failures of this program itself, as chroot(1) and env(1) tell them from those of the command. */
const OWN_FAILURE = 125;

leaveRemovedFolder();
process.exitCode = OWN_FAILURE; // what comes to no end has failed
void main(process.argv.slice(2))
  .catch(failed)
  .then((status) => (process.exitCode = status));

async function main([name = '--help', ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') return say(HELP.overview);
  if (name === '--version' || name === '-V') return say(`unshared ${version}\n`);
  if (!isCommand(name)) throw new UsageError(`There is no command "${name}".`, 'overview');
  if (wantsHelp(args)) return say(HELP[name]);
  return COMMANDS[name](args);
}

/** A current folder that was removed is none for the programs that are started, nor for paths to begin at. */
function leaveRemovedFolder(): void {
  try {
    process.cwd();
  } catch {
    process.chdir('/');
  }
}

/** Words after `--` belong to the command that is run. */
function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).some((word) => word === '--help' || word === '-h');
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function failed(error: unknown): number {
  if (error instanceof GivenUp) process.exit(error.status); // what was at work may be so still
  if (error instanceof UsageError) {
    process.stderr.write(`unshared: ${error.message}\n\n${HELP[error.command]}`);
    return OWN_FAILURE;
  }
  const known = error instanceof ProblemError || process.env.UNSHARED_DEBUG === undefined;
  for (const text of known ? sentences(error) : [String((error as Error).stack)])
    process.stderr.write(`unshared: ${text}\n`);
  return OWN_FAILURE;
}
