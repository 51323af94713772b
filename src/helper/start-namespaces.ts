import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { startTimeOf } from '../discovery/pin.ts';
import { ownIds } from './ids.ts';
import { ENVIRONMENT, requireProgram } from './programs.ts';
import type { Verbs } from './serve.ts';

/** How many a helper keeps at the same time. */
const MOST_HOLDERS = 64;

const NOBODY = 65_534;

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
      holder.on('exit', () => (holders -= 1));
      holder.stdin.on('error', () => undefined);
      holder.stdin.write('\n');
      const [said] = (await Promise.race([
        once(holder.stdout, 'data'),
        once(holder.stderr, 'data'),
        once(holder, 'exit'),
      ])) as [unknown];
      const startTime = startTimeOf(holder.pid ?? 0);
      if (String(said) !== '\n' || holder.pid === undefined || startTime === undefined) {
        holder.kill('SIGKILL');
        throw new Error(`no user namespace could be made: ${String(said).trim()}`);
      }
      act(`made a user namespace of user ${uid}, which process ${holder.pid} holds`);
      return { pid: holder.pid, startTime };
    },
  };
}

/** Nobody can trace it while it has the capability: who traces must have it too (ptrace(2)). */
function holderWords(uid: number): readonly string[] {
  const { name, gid } = ownIds(uid);
  const groups = name === undefined ? '--clear-groups' : '--init-groups';
  const user = ['--reuid', String(uid), '--regid', String(gid ?? NOBODY), groups];
  const capability = uid === 0 ? [] : ['--inh-caps=+sys_admin', '--ambient-caps=+sys_admin'];
  return [...user, ...capability, '--', requireProgram('unshare'), '--user', '--', requireProgram('cat')];
}
