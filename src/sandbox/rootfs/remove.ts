import { rm } from 'node:fs/promises';
import { requireProgram } from '../../host/programs.ts';
import type { IdPlan } from '../ids.ts';
import { runWithIds } from './as-ids.ts';

/**
 * Removes a tree with files of a sandbox's ids in it, and folders that are closed to their owner, as overlayfs makes them.
 * One that is not there is no error.
 * @throws what rm(1) or the kernel says, if something of it stays.
 */
export async function removeTree(path: string, ids: IdPlan): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (ids.kind === 'shifted') throw error;
    const { failed, stderr } = await runWithIds(ids, [requireProgram('rm'), '-rf', '--', path]);
    if (failed) throw new Error(stderr.trim(), { cause: error });
  }
}
