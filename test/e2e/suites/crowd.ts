import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Processes that only wait, and end together. */
export interface Crowd {
  end(): Promise<void>;
}

/** How the script of a crowd ends: it says that it is there, and waits until nobody holds the other end of its input. */
export const WAIT = 'echo ready; read -r _';

/** Runs a shell script that ends in WAIT in a user and a pid namespace of its own, and in those of the options. */
export function startApart(script: string, ...options: readonly string[]): Promise<Crowd> {
  const own = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', ...options];
  return start('unshare', ...own, '--', 'sh', '-c', script);
}

/** The same as a child of a process that is called bwrap, by which it counts as a container of bwrap(1). */
export function startInBwrap(script: string, ...options: readonly string[]): Promise<Crowd> {
  const unshare = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--kill-child', ...options];
  return start(
    'sh',
    '-c',
    'printf bwrap >/proc/self/comm; "$@"; exit',
    ...['sh', ...unshare, '--', 'sh', '-c', script],
  );
}

/** So many processes in one pid namespace: copies of a shell that has nothing to do, which cost next to nothing. */
export function startCrowd(processes: number): Promise<Crowd> {
  const script = `exec 3<&0; i=1; while [ $i -lt ${processes} ]; do (read -r _ <&3) & i=$((i+1)); done; ${WAIT}`;
  return startApart(script);
}

async function start(file: string, ...args: readonly string[]): Promise<Crowd> {
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const closed = once(child, 'close');
  await Promise.race([once(createInterface(child.stdout), 'line'), closed]);
  if (child.exitCode !== null) throw new Error(`${file} ${args.join(' ')} has ended with ${child.exitCode}`);
  const end = async (): Promise<void> => {
    child.stdin.end();
    await closed;
  };
  return { end };
}
