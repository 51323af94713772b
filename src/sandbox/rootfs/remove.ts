import { existsSync, rmSync } from 'node:fs';
import { requireProgram } from '../../host/programs.ts';
import type { IdPlan } from '../ids.ts';
import { runWithIds } from './as-ids.ts';

/**
 * Removes a tree with files of a sandbox's ids in it, and folders that are closed to their owner, as overlayfs makes them.
 * One that is not there is no error.
 */
export async function removeTree(path: string, ids: IdPlan): Promise<void> {
  if (!existsSync(path)) return;
  if (ids.kind !== 'shifted') await runWithIds(ids, [requireProgram('rm'), '-rf', '--', path]);
  rmSync(path, { recursive: true, force: true });
}
