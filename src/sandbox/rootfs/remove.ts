import { rm } from 'node:fs/promises';
import { requireProgram } from '../../host/programs.ts';
import { runProgram } from '../../host/run-program.ts';
import type { IdPlan } from '../ids.ts';
import { runWithIds, type Finished } from './as-ids.ts';

/**
 * Removes a tree with files of a sandbox's ids in it, folders that are closed to their owner, as overlayfs makes them, and
 * folders in folders without end.
 * One that is not there is no error.
 * @throws what rm(1) or the kernel says, if something of it stays.
 */
export async function removeTree(path: string, ids: IdPlan): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    // rm(1) also goes down where paths get longer than the kernel takes them; as root it needs no ids of a sandbox.
    const command = [requireProgram('rm'), '-rf', '--', path] as const;
    const { failed, stderr } = await (ids.kind === 'shifted' ? asCaller(command) : runWithIds(ids, command));
    if (failed) throw new Error(stderr.trim(), { cause: error });
  }
}

async function asCaller([file, ...args]: readonly [string, ...string[]]): Promise<Finished> {
  const { exitCode, stderr } = await runProgram(file, args);
  return { failed: exitCode !== 0, stderr };
}
