import { execa } from 'execa';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { helperSession, type HelperSession } from '../elevation/session.ts';
import { requireProgram } from '../host/programs.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { joinCommand, type JoinCommand } from '../sandbox/join.ts';
import { launchSandbox, type Launched } from '../sandbox/launch.ts';
import { joinerPlacing } from '../sandbox/limits/helper.ts';
import { shellWords } from '../sandbox/script/quote.ts';
import { noteSentence } from '../text/notes.ts';
import { cliPerson } from './person.ts';
import { REQUEST_OPTIONS, requestOf } from './request.ts';
import { givenUpBySignal, onSignal, statusOf } from './signals.ts';
import { readOptions, UsageError } from './usage.ts';

/** `unshared run`: a sandbox for one command, or for a shell. */
export async function run(args: readonly string[]): Promise<number> {
  const { values, positionals, rest } = readOptions('run', args, REQUEST_OPTIONS);
  if (positionals.length > 0)
    throw new UsageError(`Write "--" before the command: unshared run -- ${positionals.join(' ')}`, 'run');
  const session = cliSession();
  try {
    const launched = await givenUpBySignal((signal) => launchSandbox({ ...requestOf(values), signal }, session));
    for (const note of launched.sandbox.notes) process.stderr.write(`unshared: ${noteSentence(note)}\n`);
    const work = launched.sandbox.lifetime === 'untilStopped' ? inOneThatStays : inOneThatEnds;
    return await work(launched, rest, session);
  } finally {
    session.dispose();
  }
}

async function inOneThatStays({ sandbox }: Launched, command: readonly string[], session: HelperSession) {
  const status = await inside(sandbox, command, session);
  process.stderr.write(`unshared: ${sandbox.id} stays until: unshared stop ${sandbox.id}\n`);
  return status;
}

/** A signal to this program ends the sandbox before this program. */
function inOneThatEnds({ sandbox, release, ended }: Launched, command: readonly string[], session: HelperSession) {
  return givenUpBySignal(async (signal) => {
    signal.addEventListener('abort', release);
    try {
      return await inside(sandbox, command, session);
    } finally {
      release();
      await ended;
    }
  });
}

/** The helper beside this program. */
export const HELPER_FILE = fileURLToPath(new URL('helper.cjs', import.meta.url));

/** With a line on standard error for each thing that the helper does as root. */
export function cliSession(): HelperSession {
  const onAct = (line: string): void => void process.stderr.write(`unshared: as root: ${line}\n`);
  return helperSession(HELPER_FILE, onAct, { person: cliPerson() });
}

/** Runs a command or a shell in a running sandbox, on this terminal or with these pipes. Returns its exit status. */
export async function inside(sandbox: Sandbox, command: readonly string[], session: HelperSession): Promise<number> {
  const place = await joinerPlacing(sandbox, session);
  const started = start(joinCommand(sandbox, command));
  const refusal = await refusalToPlace(started, place);
  const { exitCode, signal, shortMessage } = await started.ended;
  // one that has ended by itself has said why
  if (refusal !== undefined && signal === 'SIGKILL') throw refusal;
  if (signal !== undefined) return statusOf(signal);
  if (exitCode === undefined) throw new Error(shortMessage);
  return exitCode;
}

/** The running join script: how it ends, and its number, which is undefined where it did not start. */
interface Started {
  readonly ended: Promise<Ended>;
  readonly joiner: Promise<number | undefined>;
  readonly kill: () => void;
}

/** Why the join script, which waits for that, is not under the limits; it is killed then. */
async function refusalToPlace(
  { joiner, kill }: Started,
  place: (pid: number) => Promise<void>,
): Promise<Error | undefined> {
  try {
    const pid = await joiner;
    if (pid !== undefined) await place(pid);
    return undefined;
  } catch (error) {
    kill();
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** By itself, by a signal, or because it could not be started: then `shortMessage` says why. */
interface Ended {
  readonly exitCode?: number | undefined;
  readonly signal?: NodeJS.Signals | undefined;
  readonly shortMessage?: string | undefined;
}

const COMMON = { extendEnv: false, reject: false, buffer: false, cleanup: true } as const;

/**
 * A process that gets this terminal itself could type into it after the sandbox has ended (TIOCSTI of ioctl_tty(2)),
 * so script(1) gives it another one.
 */
function start(command: JoinCommand): Started {
  if (process.stdin.isTTY && process.stdout.isTTY) return onTerminal(command);
  const child = withPipes(command);
  return { ended: child, joiner: Promise.resolve(child.pid), kill: () => void child.kill('SIGKILL') };
}

/** Beneath script(1) the join script first says its number on a descriptor of its own. */
function onTerminal({ file, args, env }: JoinCommand): Started {
  const line = `echo $$ >&3; exec 3>&-; exec ${shellWords([file, ...args])}`;
  const child = execa(requireProgram('script'), ['--quiet', '--return', '--command', line, '/dev/null'], {
    ...COMMON,
    env,
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  return { ended: child, joiner: numberFrom(child.stdio[3]), kill: () => void child.kill('SIGKILL') };
}

/** script(1) holds the descriptor open as well: what comes first is all. */
async function numberFrom(stream: Readable): Promise<number | undefined> {
  for await (const said of stream) return Number(said);
  return undefined;
}

/**
 * In a session of its own, because in this one /dev/tty would be this terminal. Signals that the terminal would have sent
 * there are handed on.
 */
function withPipes({ file, args, env }: JoinCommand) {
  const { stdin, stdout, stderr } = process;
  // Before it runs: a signal that came between would end this program alone.
  const done = onSignal((_, signal) => handOn(child.pid, signal));
  const child = execa(file, args, {
    ...COMMON,
    env,
    detached: true,
    stdin: stdin.isTTY ? 'pipe' : 'inherit',
    stdout: stdout.isTTY ? ['pipe', 'inherit'] : 'inherit',
    stderr: stderr.isTTY ? ['pipe', 'inherit'] : 'inherit',
  });
  if (child.stdin) feed(child.stdin, child);
  child.then(done, done);
  return child;
}

/** To all of the session that a process began. */
function handOn(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // all of it has ended
  }
}

function feed(input: Writable, ended: Promise<unknown>): void {
  input.on('error', () => undefined); // it may take no more
  process.stdin.pipe(input);
  const stop = (): void => void process.stdin.destroy();
  ended.then(stop, stop);
}
