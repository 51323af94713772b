import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { startTimeOf } from '../discovery/pin.ts';
import { asLogin } from './login.ts';
import { ENVIRONMENT, requireProgram } from './programs.ts';
import type { Verbs } from './serve.ts';

/** How many a helper keeps at the same time. */
const MOST_HOLDERS = 64;

/** Its user can stop it at any time: this helper must not wait for it beyond the end of its own input. */
const TIMEOUT_MS = 10_000;

/**
 * The verb for hosts where a user may make no user namespace. It is made by a process that is the user's already and has one
 * capability besides, which it loses by making it. What stays in it is cat(1), which ends when this helper does.
 */
export function namespaceVerbs(uid: number): Verbs<'namespaces/start'> {
  let holders = 0;
  return {
    'namespaces/start': async (_, act) => {
      if (holders >= MOST_HOLDERS) throw new Error(`there are ${MOST_HOLDERS} namespaces already`);
      const holder = spawn(requireProgram('setpriv'), holderWords(uid), {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: ENVIRONMENT,
      });
      holders += 1;
      holder.on('close', () => (holders -= 1));
      holder.stdin.on('error', () => undefined);
      holder.stdin.write('\n');
      const said = await firstWord(holder);
      const startTime = startTimeOf(holder.pid ?? 0);
      if (said !== '\n' || holder.pid === undefined || startTime === undefined) {
        holder.kill('SIGKILL');
        throw new Error(`no user namespace could be made: ${said.trim()}`);
      }
      act(`made a user namespace of user ${uid}, which process ${holder.pid} holds`);
      return { pid: holder.pid, startTime };
    },
  };
}

/** What it says: the line that cat(1) was given once the namespace is made, else why not. */
async function firstWord(holder: ChildProcessWithoutNullStreams): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const said = [
    once(holder.stdout, 'data', { signal }),
    once(holder.stderr, 'data', { signal }),
    once(holder, 'close', { signal }),
  ];
  try {
    return String(((await Promise.race(said)) as [unknown])[0]);
  } catch (error) {
    return signal.aborted ? `nothing came of it in ${TIMEOUT_MS / 1000} s` : String(error);
  }
}

/** Nobody can trace it while it has the capability: who traces must have it too (ptrace(2)). */
function holderWords(uid: number): readonly string[] {
  const capability = uid === 0 ? [] : ['--inh-caps=+sys_admin', '--ambient-caps=+sys_admin'];
  return [...asLogin(uid), ...capability, '--', requireProgram('unshare'), '--user', '--', requireProgram('cat')];
}
