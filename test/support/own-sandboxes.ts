import { expect } from 'vitest';
import type { Sandbox } from '../../src/model/sandbox.ts';
import { running, sandboxFolders, type Caller } from './unshared.ts';

/** A name for a profile of this process alone: root has one place for all sandboxes of the machine. */
export const own = (name: string): string => `${name}-${process.pid}`;

/** The running sandboxes of a profile that has such a name. */
export async function ownSandboxes(caller: Caller, name: string): Promise<readonly Sandbox[]> {
  return (await running(caller)).filter(({ profile }) => profile === own(name));
}

/** The one that runs. */
export async function ownSandbox(caller: Caller, name: string): Promise<Sandbox> {
  const [sandbox] = await ownSandboxes(caller, name);
  return sandbox ?? expect.fail('it does not run');
}

/** Folders of those that are there, also of those that have ended. */
export function ownFolders(caller: Caller): readonly string[] {
  return sandboxFolders(caller).filter((id) => new RegExp(`-${process.pid}-[0-9a-f]{6}$`).test(id));
}

/** Stops those that still run. */
export async function stopOwn(caller: Caller, ...names: readonly string[]): Promise<void> {
  const all = await Promise.all(names.map((name) => ownSandboxes(caller, name)));
  for (const { id } of all.flat()) await caller.unshared(['stop', id]);
}
