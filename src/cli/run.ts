import { execa } from 'execa';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { helperSession, type HelperSession } from '../elevation/session.ts';
import { requireProgram } from '../host/programs.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { joinCommand, type JoinCommand } from '../sandbox/join.ts';
import { launchSandbox, type Launched } from '../sandbox/launch.ts';
import { placeJoiner } from '../sandbox/limits/helper.ts';
import { shellWords } from '../sandbox/quote.ts';
import { noteSentence } from '../text/notes.ts';
import { REQUEST_OPTIONS, requestOf } from './request.ts';
import { readOptions, UsageError } from './usage.ts';

/** `unshared run`: a sandbox for one command, or for a shell. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals, rest } = readOptions('run', args, REQUEST_OPTIONS);
  if (positionals.length > 0)
    throw new UsageError(`Write "--" before the command: unshared run -- ${positionals.join(' ')}`, 'run');
  const session = cliSession();
  try {
    const launched = await launchSandbox(requestOf(values), session);
    const { sandbox } = launched;
    for (const note of sandbox.notes) process.stderr.write(`unshared: ${noteSentence(note)}\n`);
    const status = await whileReleasable(launched, () => inside(sandbox, rest, session));
    if (sandbox.lifetime === 'untilStopped')
      process.stderr.write(`unshared: ${sandbox.id} stays until: unshared stop ${sandbox.id}\n`);
    else await end(launched);
    return status;
  } finally {
    session.dispose();
  }
}

/** The helper beside this program, with a line on standard error for each thing that it does as root. */
export function cliSession(): HelperSession {
  return helperSession(fileURLToPath(new URL('helper.cjs', import.meta.url)), (line) => {
    process.stderr.write(`unshared: as root: ${line}\n`);
  });
}

/** Runs a command or a shell in a running sandbox, on this terminal or with these pipes. Returns its exit status. */
export async function inside(sandbox: Sandbox, command: readonly string[], session: HelperSession): Promise<number> {
  const join = joinCommand(sandbox, command);
  const child = process.stdin.isTTY && process.stdout.isTTY ? onTerminal(join) : withPipes(join);
  if (child.pid !== undefined) await placeJoiner(sandbox, child.pid, session);
  const { exitCode, signal } = await child;
  return exitCode ?? (signal === undefined ? 1 : 128);
}

const COMMON = { extendEnv: false, reject: false, buffer: false, cleanup: true } as const;

/**
 * A process that gets this terminal itself could type into it after the sandbox has ended (TIOCSTI of ioctl_tty(2)),
 * so script(1) gives it another one.
 */
function onTerminal({ file, args, env }: JoinCommand) {
  const options = ['--quiet', '--return', '--command', shellWords([file, ...args]), '/dev/null'];
  return execa(requireProgram('script'), options, { ...COMMON, env, stdio: 'inherit' });
}

/**
 * In a session of its own, because in this one /dev/tty would be this terminal. Signals that the terminal would have sent
 * there are handed on.
 */
function withPipes({ file, args, env }: JoinCommand) {
  const { stdin, stdout, stderr } = process;
  const child = execa(file, args, {
    ...COMMON,
    env,
    detached: true,
    stdin: stdin.isTTY ? 'pipe' : 'inherit',
    stdout: stdout.isTTY ? ['pipe', 'inherit'] : 'inherit',
    stderr: stderr.isTTY ? ['pipe', 'inherit'] : 'inherit',
  });
  if (child.stdin) feed(child.stdin, child);
  const handOn = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
  };
  for (const signal of Object.keys(SIGNALS)) process.on(signal, handOn);
  const done = (): void => Object.keys(SIGNALS).forEach((signal) => process.off(signal, handOn));
  child.then(done, done);
  return child;
}

function feed(input: Writable, ended: Promise<unknown>): void {
  input.on('error', () => undefined); // it may take no more
  process.stdin.pipe(input);
  const stop = (): void => void process.stdin.destroy();
  ended.then(stop, stop);
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A signal to this program ends the sandbox before this program. */
async function whileReleasable(launched: Launched, work: () => Promise<number>): Promise<number> {
  const handlers = Object.entries(SIGNALS).map(([signal, status]) => {
    const handler = (): void => void end(launched).finally(() => process.exit(status));
    // Not `once`: a listener that is gone by then counts as none, and execa would end this program at once.
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  try {
    return await work();
  } finally {
    for (const remove of handlers) remove();
  }
}

async function end({ release, ended }: Launched): Promise<void> {
  release();
  await ended;
}
