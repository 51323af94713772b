import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { requireProgram, SYSTEM_PATH } from '../../host/programs.ts';
import { dropToShifted, writeIdMaps, type IdPlan } from '../ids.ts';

export interface Finished {
  readonly failed: boolean;
  readonly stderr: string;
}

/**
 * Runs a program as root of a user namespace with a sandbox's ids (user_namespaces(7)): whatever it does to a tree, it
 * has the rights of the sandbox and no more. Its standard input is a file, which is opened by the caller, or nothing.
 */
export async function runWithIds(ids: IdPlan, command: readonly string[], input = '/dev/null'): Promise<Finished> {
  const opened = openSync(input, 'r');
  const child = start(ids, command, opened);
  closeSync(opened);
  const stderr = text(child.stderr);
  const closed = once(child, 'close') as Promise<[number | null]>;
  await Promise.race([once(child.stdout, 'data'), closed]);
  if (ids.kind !== 'single' && child.pid !== undefined && child.exitCode === null) await writeIdMaps(child.pid, ids);
  child.stdin.end('go\n');
  const [status] = await closed;
  return { failed: status !== 0, stderr: await stderr };
}

/** The program waits at a gate until the maps are written: before that it would have no capabilities. */
function start(ids: IdPlan, command: readonly string[], opened: number) {
  const map = ids.kind === 'single' ? '--map-root-user' : '--keep-caps';
  const gated = ['sh', '-c', 'echo unshared; read -r _; exec "$@" <&3 3<&-', 'sh', ...command];
  const [file = 'unshare', ...args] = [...dropToShifted(ids), requireProgram('unshare'), '--user', map, '--', ...gated];
  const env = { PATH: SYSTEM_PATH.join(':'), LC_ALL: 'C' };
  // execa takes no descriptor of ours beyond the first three
  const stdio = ['pipe', 'pipe', 'pipe', opened] as const;
  const child = spawn(file, args, { env, stdio: [...stdio] }) as ChildProcessWithoutNullStreams;
  child.stdin.on('error', () => undefined);
  return child;
}
