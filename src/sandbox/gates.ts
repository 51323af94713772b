import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fail } from '../model/problem.ts';
import { dropToShifted, planIds } from './ids.ts';

/** The running start script, seen from outside: it says a word at each gate and goes on when a line is written. */
export interface GatedScript {
  /** The process that was started; it may become another program. */
  readonly pid: number;
  /** Waits until the script stands at the gate whose word is `word`, and returns what it said after it; `step` is what it does before. */
  at(word: string, step?: string): Promise<string>;
  /** Lets it go on. */
  pass(line?: string): void;
  /** Closes the script's input: it ends at its next gate, and PID 1 of a whole sandbox ends. */
  readonly close: () => void;
  /** Forgets its output and input, so that neither keeps this process alive; its input stays open. No gate is waited for any more. */
  detach(): void;
  readonly ended: Promise<void>;
}

/** Starts `sh script` and listens to it. */
export function runGated(script: string): GatedScript {
  const child = start(script);
  const lines = createInterface({ input: child.process.stdout });
  const words = lines[Symbol.asyncIterator]();
  let closed = false;
  return {
    pid: child.process.pid ?? 0,
    at: async (word, step = STEPS[word]) => {
      const next: IteratorResult<string, undefined> = await words.next();
      const [said, ...rest] = next.value?.split(' ') ?? [];
      if (said === word) return rest.join(' ');
      if (closed) throw new Error('the start was given up');
      return failedAt(step, child);
    },
    pass: (line = 'go') => child.process.stdin.write(`${line}\n`),
    close: () => {
      closed = true;
      child.process.stdin.destroy();
    },
    detach: () => detach(child, lines),
    ended: child.ended,
  };
}

/**
 * In a session of its own, with nothing of the caller's environment: Ctrl-C in a terminal of the caller's is not for it.
 * @throws ProblemError `launchFailed` where the kernel gives no process or no pipe, fork(2) and pipe(2).
 */
function start(script: string): Child {
  const child = spawn('/bin/sh', [script], { env: {}, detached: true });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  if (child.pid === undefined) fail('launchFailed', { step: 'starting /bin/sh', output: NO_PROCESS });
  child.stdin.on('error', () => undefined);
  return { process: child, stderr: text(child.stderr).catch(() => ''), ended };
}

const NO_PROCESS = 'you have as many processes or open files as you may have: end some (ulimit -u, ulimit -n)';

interface Child {
  readonly process: ChildProcessWithoutNullStreams;
  readonly stderr: Promise<string>;
  readonly ended: Promise<void>;
}

async function failedAt(step: string | undefined, child: Child): Promise<never> {
  child.process.stdin.destroy();
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
  const refused = /^refused: (\/\S*)$/m.exec(stderr);
  if (refused?.[1] !== undefined) fail('mountTargetRefused', { target: refused[1], reason: 'it is a symbolic link' });
  if (/^no network$/m.test(stderr)) fail('networkFailed', { reason: networkReason(stderr) });
  if (/^no lab$/m.test(stderr) && stderr.includes('qdisc kind is unknown')) fail('qdiscMissing', {});
  if (/^no lab$/m.test(stderr)) fail('labFailed', { reason: stderr.replace('no lab', '').trim() });
  await failForNamespaces();
  fail('launchFailed', { step, output: stderr.trim() });
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

function detach({ process: child }: Child, lines: Interface): void {
  lines.close();
  child.stdout.destroy();
  child.stderr.destroy();
  child.unref();
}
