import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { requireProgram, SYSTEM_PATH } from '../../host/programs.ts';
import { ProblemError } from '../../model/problem.ts';
import { dropToShifted, type IdPlan } from '../ids.ts';
import { writeIdMaps } from '../write-ids.ts';
import { becomeRoot } from '../identity.ts';

export interface Finished {
  readonly failed: boolean;
  readonly stderr: string;
}

/** Writes what a program is to read. */
export type Feed = (stdin: Writable) => Promise<unknown>;

/**
 * Runs a program as root of a user namespace with a sandbox's ids (user_namespaces(7)): whatever it does to a tree, it
 * has the rights of the sandbox and no more. It reads what `feed` writes, and ends with the launcher, whose end closes that pipe.
 * @throws whatever problem `feed` finds; the program is killed then.
 */
export async function runWithIds(ids: IdPlan, command: readonly string[], feed: Feed = nothing): Promise<Finished> {
  const child = start(ids, command);
  const finished = endOf(child);
  try {
    if (await isAtGate(child.stdout)) {
      if (ids.kind !== 'single') await writeIdMaps(child.pid ?? 0, ids);
      child.stdin.write('go\n');
      await feed(child.stdin);
    }
  } catch (error) {
    child.kill('SIGKILL');
    const { stderr } = await finished;
    if (error instanceof ProblemError || stderr === '') throw error;
    return { failed: true, stderr }; // the program ended before it had read all, and says why
  }
  return finished;
}

const nothing: Feed = (stdin) => Promise.resolve(stdin.end());

/** The program waits at a gate until the maps are written: before that it would have no capabilities. */
function start(ids: IdPlan, command: readonly string[]): ChildProcessWithoutNullStreams {
  const map = ids.kind === 'single' ? '--map-root-user' : '--keep-caps';
  const gated = ['sh', '-c', 'echo unshared; read -r _ || exit; exec "$@"', 'sh', ...becomeRoot(ids), ...command];
  const [file = 'unshare', ...args] = [...dropToShifted(ids), requireProgram('unshare'), '--user', map, '--', ...gated];
  const child = spawn(file, args, { env: { PATH: SYSTEM_PATH.join(':'), LC_ALL: 'C' }, cwd: '/' });
  child.once('error', () => undefined); // thrown here
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  child.stdin.on('error', () => undefined); // it may have ended
  return child;
}

async function endOf(child: ChildProcessWithoutNullStreams): Promise<Finished> {
  const closed = new Promise((resolve) => child.once('close', resolve));
  const [stderr] = await Promise.all([text(child.stderr).catch(() => ''), closed]);
  return { failed: child.exitCode !== 0, stderr: stderr.trimEnd() };
}

/** False if the program ended instead: no user namespace could be made. */
async function isAtGate(stdout: Readable): Promise<boolean> {
  const reached = await Promise.race([once(stdout, 'data').then(() => true), once(stdout, 'end').then(() => false)]);
  stdout.resume();
  return reached;
}
