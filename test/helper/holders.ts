import { execa } from 'execa';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startTimeOf } from '../../src/discovery/pin.ts';
import type { ProcessTarget } from '../../src/protocol/helper.ts';
import { USER } from '../support/unshared.ts';
import type { RawAnswer, RawHelper } from './raw-helper.ts';

/** Somebody else than the user for whom the helper acts. */
export const STRANGER = 47_001;

export const FOR_USER = { PKEXEC_UID: String(USER) } as const;

/** A process in namespaces of its own, which belong to a user. */
export interface Holder extends ProcessTarget {
  readonly child: ChildProcess;
}

/** Namespaces as `unshare` makes them for a user without root, and one process that waits in them. */
export async function holdNamespaces(uid: number, ...options: readonly string[]): Promise<Holder> {
  const drop = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--'];
  const child = spawn('setpriv', [...drop, 'unshare', '--user', ...options, 'cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.write('\n');
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  return { child, pid, startTime: startTimeOf(pid) ?? 0 };
}

export function targetOf({ pid, startTime }: ProcessTarget): ProcessTarget {
  return { pid, startTime };
}

export async function release({ child }: Holder): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** What a program prints in the network of a process. */
export async function inNetwork({ pid }: ProcessTarget, ...command: readonly string[]): Promise<string> {
  return (await execa('nsenter', [`--net=/proc/${pid}/ns/net`, '--', ...command])).stdout;
}

/** The result of a request. @throws Error with the reason where it was refused. */
export async function result<Result = unknown>(helper: RawHelper, verb: string, params: unknown): Promise<Result> {
  const answer: RawAnswer = await helper.ask(verb, params);
  if (answer.error) throw new Error(answer.error.message);
  return answer.result as Result;
}
