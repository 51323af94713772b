import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fail } from '../model/problem.ts';
import { dropToShifted, planIds } from './ids.ts';
import { readFstabField } from './script/quote.ts';

/** The running start script, seen from outside: it says a word at each gate and goes on when a line is written. */
export interface GatedScript {
  /** The process that was started; it may become another program. */
  readonly pid: number;
  /** Waits until the script stands at the gate whose word is `word`, and returns what it said after it; `step` is what it does before. */
  at(word: string, step?: string): Promise<string>;
  /** The words of its next line, whenever that comes; undefined once it has ended. */
  next(): Promise<readonly string[] | undefined>;
  /** Lets it go on. */
  pass(line?: string): void;
  /** Closes the script's input: it ends at its next gate, and PID 1 of a whole sandbox ends. */
  readonly close: () => void;
  /** Forgets its output and input, so that neither keeps this process alive; its input stays open. No gate is waited for any more. */
  detach(): void;
  readonly ended: Promise<void>;
}

/** Bytes: what runs inside may have taken hold of the pipe, in a sandbox where it may trace PID 1. */
const LONGEST_LINE = 4096;
const MOST_LINES = 64;

/** The lines of a stream, each once; undefined at its end, and at whatever no script says. */
function linesOf(stream: Readable): { next(): Promise<string | undefined> } {
  const lines: string[] = [];
  let rest = '';
  let isOver = false;
  let wake: () => void = () => undefined;
  const end = (): void => {
    isOver = true;
    wake();
  };
  stream.setEncoding('utf8').on('data', (text: string) => {
    const parts = `${rest}${text}`.split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    if (rest.length > LONGEST_LINE || lines.length > MOST_LINES) stream.destroy();
    wake();
  });
  stream.on('close', end).on('error', end);
  return {
    next: async () => {
      while (lines.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
      return lines.shift();
    },
  };
}

/** What a start script begins with beside its own words. */
export interface FirstCommand {
  /** The words of the command; none for that of the profile, or a shell. */
  readonly words: readonly string[];
  /** Its standard streams: descriptors of this process. */
  readonly streams: readonly [input: number, output: number, error: number];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts `sh script` and listens to it. */
export function runGated(script: string, first?: FirstCommand): GatedScript {
  const child = start(script, first);
  const lines = linesOf(child.stdout);
  let closed = false;
  return {
    pid: child.process.pid ?? 0,
    at: async (word, step = STEPS[word]) => {
      const next = await lines.next();
      const [said, ...rest] = next?.split(' ') ?? [];
      if (said === word) return rest.join(' ');
      if (closed) throw new Error('the start was given up');
      return failedAt(step, child);
    },
    next: async () => {
      const next = await lines.next();
      return next?.split(' ');
    },
    pass: (line = 'go') => child.stdin.write(`${line}\n`),
    close: () => {
      closed = true;
      shut(child);
    },
    detach: () => detach(child),
    ended: child.ended,
  };
}

/**
 * In a session of its own, with nothing of the caller's environment: Ctrl-C in a terminal of the caller's is not for it.
 * @throws ProblemError `launchFailed` where the kernel gives no process or no pipe, fork(2) and pipe(2).
 */
function start(script: string, first: FirstCommand | undefined): Child {
  const words = first === undefined ? [script] : [script, 'run', ...first.words];
  const given = Object.entries(first?.env ?? {}).map(([name, value]) => [`given_${name}`, value]);
  const all = Object.fromEntries(given) as Readonly<Record<string, string>>;
  const env: NodeJS.ProcessEnv = first === undefined ? {} : { ...all, mask: fileMask() };
  const process_ = spawn('/bin/sh', words, { env, detached: true, cwd: '/', stdio: [...PIPES, ...streamsOf(first)] });
  const ended = new Promise<void>((resolve) => process_.once('exit', () => resolve()).once('error', () => resolve()));
  if (process_.pid === undefined) fail('launchFailed', { step: 'starting /bin/sh', output: NO_PROCESS });
  const [stdin, stdout, stderr, lifeline] = process_.stdio as unknown as [Writable, Readable, Readable, Writable];
  for (const pipe of [stdin, lifeline]) pipe.on('error', () => undefined);
  return { process: process_, stdin, stdout, lifeline, stderr: text(stderr).catch(() => ''), errors: stderr, ended };
}

/** The mask of umask(2), which a process inherits: Node can only ask for it by setting another. */
function fileMask(): string {
  return /^Umask:\t(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '022';
}

/** The gates, what it complains of, and the pipe whose end ends it. */
const PIPES = ['pipe', 'pipe', 'pipe', 'pipe'] as const;

/** The first command gets its streams as descriptors from this one on, which no script uses itself. */
const STREAMS = 20;

function streamsOf(first: FirstCommand | undefined): readonly (number | 'ignore')[] {
  if (first === undefined) return [];
  return [...Array.from({ length: STREAMS - PIPES.length }, () => 'ignore' as const), ...first.streams];
}

const NO_PROCESS = 'you have as many processes or open files as you may have: end some (ulimit -u, ulimit -n)';

interface Child {
  readonly process: ChildProcess;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly lifeline: Writable;
  readonly errors: Readable;
  /** All that it complains of, once it has ended. */
  readonly stderr: Promise<string>;
  readonly ended: Promise<void>;
}

async function failedAt(step: string | undefined, child: Child): Promise<never> {
  shut(child);
  await child.ended;
  return failure(step, await child.stderr);
}

/** What is done before each gate. */
const STEPS: Readonly<Record<string, string>> = {
  outer: 'making the namespaces',
  unshared: 'making the namespaces',
  lab: 'making the hub of the lab',
  made: 'making the networks of the lab',
};

async function failure(step = 'mounting', stderr: string): Promise<never> {
  failForMount(stderr);
  if (/^no network$/m.test(stderr)) fail('networkFailed', { reason: networkReason(stderr) });
  if (/^no lab$/m.test(stderr) && stderr.includes('qdisc kind is unknown')) fail('qdiscMissing', {});
  if (/^no lab$/m.test(stderr)) fail('labFailed', { reason: stderr.replace('no lab', '').trim() });
  await failForNamespaces();
  fail('launchFailed', { step, output: stderr.trim() });
}

/** What the program inside says: a path as a field of fstab(5), its step, and the number and text of an errno(3). */
const REFUSED = /^refused: (\S*) \((\w+), (\d+): (.*)\)$/m;
const ELOOP = 40;

/** @throws ProblemError for a path that could not be mounted, or be mounted on. */
function failForMount(stderr: string): void {
  const [, field = '', step = '', errno = '', text_ = ''] = REFUSED.exec(stderr) ?? [];
  const path = readFstabField(field);
  if (step === 'seen') fail('bindSourceChanged', { path });
  if (step === 'source' && Number(errno) === ELOOP) fail('bindSourceLink', { path, link: 'something on the way' });
  if (step === 'target' || step === 'attach')
    fail('mountTargetRefused', {
      target: path,
      reason: Number(errno) === ELOOP ? 'it is a symbolic link, or is reached by one' : text_,
    });
}

/** What the check of the host finds missing, in its words: a refused namespace has many causes, and few errors. */
async function failForNamespaces(): Promise<void> {
  const { namespaceLines } = await import('../host/namespaces.ts');
  const asOwner = dropToShifted(planIds(process.getuid?.() ?? 0, process.getgid?.() ?? 0));
  const missing = (await namespaceLines(asOwner)).find(({ status }) => status === 'missing');
  if (missing) fail('namespacesRefused', { finding: missing.finding, fix: missing.fix });
}

/**
 * nft(8) shows below its error what it is about. Of pasta(1) the cause comes last; without a system logger it complains about that
 * after each line.
 */
function networkReason(stderr: string): string {
  const lines = stderr.trim().split('\n');
  const refused = lines.find((one) => one.includes('Error: '));
  if (refused !== undefined) return refused.replace(/^.*Error: /, '');
  const said = lines.filter((line) => !/^Failed to send \d+ bytes to syslog|^no network$|^\s*$/.test(line));
  return said.at(-1) ?? 'pasta ended without a reason';
}

/** Milliseconds in which PID 1 ends by itself. */
const PATIENCE = 1000;

/** PID 1 ends with its input, and its parent waits for it; the lifeline ends what is held up. */
function shut({ stdin, lifeline, ended }: Child): void {
  stdin.destroy();
  const late = setTimeout(() => lifeline.destroy(), PATIENCE);
  void ended.then(() => {
    clearTimeout(late);
    lifeline.destroy();
  });
}

function detach({ process: process_, stdout, errors, stdin, lifeline }: Child): void {
  stdout.destroy();
  errors.destroy();
  for (const pipe of [stdin, lifeline]) (pipe as Writable & { unref?: () => void }).unref?.();
  process_.unref();
}
