import { spawn, type ChildProcess } from 'node:child_process';
import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { helperSession, type HelperSession } from '../elevation/session.ts';
import type { Profile } from '../model/profile.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { joinCommand, type JoinCommand } from '../sandbox/join.ts';
import { launchSandbox, type Launched } from '../sandbox/launch.ts';
import { joinerPlacing } from '../sandbox/limits/helper.ts';
import type { First } from '../sandbox/first.ts';
import type { LaunchRequest } from '../sandbox/make-plan.ts';
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
    const request = requestOf(values);
    const first = firstCommand(request.profile, rest);
    const launched = await givenUpBySignal((signal) => launchSandbox({ ...request, first, signal }, session));
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
function inOneThatEnds(
  { sandbox, first, release, ended }: Launched,
  command: readonly string[],
  session: HelperSession,
): Promise<number> {
  return givenUpBySignal(async (signal) => {
    signal.addEventListener('abort', release);
    try {
      return await (first === undefined ? inside(sandbox, command, session) : statusOfFirst(first));
    } finally {
      release();
      await ended;
    }
  });
}

/**
 * What PID 1 of the sandbox starts itself, on the streams of this program. Whoever enters later gets others where these are a
 * terminal, a file as input, which could be opened again to write, a socket, which is in a network of this machine, or a folder.
 */
function firstCommand({ lifetime, init }: Profile, words: readonly string[]): LaunchRequest['first'] {
  const isPlain = lifetime !== 'untilStopped' && init.length === 0 && [0, 1, 2].every(mayBeHandedOn);
  return isPlain ? { words, streams: [0, 1, 2] } : undefined;
}

function mayBeHandedOn(fd: number): boolean {
  const stat = fstatSync(fd);
  return !isatty(fd) && !stat.isDirectory() && !stat.isSocket() && !(fd === 0 && stat.isFile());
}

/** `process.stdin` would make what is shared with the command non-blocking as soon as it is looked at. */
const isOnTerminal = (): boolean => isatty(0) && isatty(1);

async function statusOfFirst({ ended }: First): Promise<number> {
  const { status, killedBy } = await ended;
  if (killedBy !== undefined) process.stderr.write(`killed by memory.max = ${killedBy}\n`);
  if (status === undefined) process.stderr.write('The sandbox was stopped.\n');
  return status ?? statusOf('SIGKILL');
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

/** On this terminal the join script holds it outside, and gives the command one of the sandbox. */
function start(command: JoinCommand): Started {
  return isOnTerminal() ? onTerminal(command) : withPipes(command);
}

function begun(child: ChildProcess): Started {
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', ({ message }) => resolve({ shortMessage: message }));
    child.once('close', (status, signal) => resolve(signal === null ? { exitCode: status ?? undefined } : { signal }));
  });
  return { ended, joiner: Promise.resolve(child.pid), kill: () => void child.kill('SIGKILL') };
}

/** It ends with this program. */
function onTerminal({ file, args, env }: JoinCommand): Started {
  const child = spawn(file, args, { env, stdio: 'inherit' });
  process.once('exit', () => child.kill());
  return begun(child);
}

/**
 * In a session of its own, because in this one /dev/tty would be this terminal. Signals that the terminal would have sent
 * there are handed on.
 */
function withPipes({ file, args, env }: JoinCommand): Started {
  // Before it runs: a signal that came between would end this program alone.
  const done = onSignal((_, signal) => handOn(child.pid, signal));
  const child: ChildProcess = spawn(file, args, {
    env,
    detached: true,
    stdio: [0, 1, 2].map((fd) => (isatty(fd) ? 'pipe' : 'inherit')),
  });
  child.stdout?.pipe(process.stdout, { end: false });
  child.stderr?.pipe(process.stderr, { end: false });
  const all = begun(child);
  if (child.stdin) feed(child.stdin, all.ended);
  void all.ended.then(done);
  return all;
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
  void ended.then(() => process.stdin.destroy());
}
