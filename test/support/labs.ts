import { execa } from 'execa';
import type { Sandbox } from '../../src/model/sandbox.ts';
import { outside, running, type Caller, type Finished } from './unshared.ts';

/** Gives the caller's workspace profiles and the networks that they join. */
export async function writeLab(caller: Caller, file: { profiles: object; networks: object }): Promise<void> {
  await outside(caller, 'mkdir -p .vscode && cat >.vscode/sandboxes.json', JSON.stringify(file));
}

/** Starts a sandbox that stays, and returns it. */
export async function started(caller: Caller, profile: string): Promise<Sandbox> {
  const before = new Set((await running(caller)).map(({ id }) => id));
  const { exitCode, stderr } = await caller.unshared(['run', '--profile', profile, '--', 'true']);
  if (exitCode !== 0) throw new Error(stderr);
  const sandbox = (await running(caller)).find(({ id, profile: name }) => name === profile && !before.has(id));
  if (sandbox === undefined) throw new Error(`no sandbox of ${profile} was started`);
  return sandbox;
}

/** Runs a line of sh in a running sandbox. */
export function inSandbox(caller: Caller, { id }: Sandbox, line: string): Promise<Finished> {
  return caller.unshared(['enter', id, '--', 'sh', '-c', line]);
}

/** The hubs that are there, by the number of their process. */
export async function hubs({ runtime }: Caller): Promise<readonly number[]> {
  const { stdout } = await execa('pgrep', ['-f', `^flock ${runtime}/.labs/`], { reject: false });
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** One echo request, which has to be answered within a second. */
export const ping = (name: string): string => `busybox ping -c 1 -W 1 ${name} >/dev/null && echo reached || echo lost`;
