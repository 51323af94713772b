import { writeFileSync } from 'node:fs';
import { startTimeOf } from '../discovery/pin.ts';
import type { HelperSession } from '../elevation/session.ts';
import { requireProgram } from '../host/programs.ts';
import { outputOf } from '../host/run-program.ts';
import { fail } from '../model/problem.ts';
import { asArguments, canMapRanges, idMapText, type IdPlan } from './ids.ts';

/**
 * Writes both id maps of the user namespace that process `pid` has just made. A single id is written directly,
 * after `setgroups` is denied (the kernel asks for that order); ranges need root: newuidmap(1), which is set-user-ID root, or
 * the helper where that is missing.
 * @throws ProblemError of the helper, or `idRangesMissing` where none may be asked.
 */
export async function writeIdMaps(pid: number, plan: IdPlan, session?: HelperSession): Promise<void> {
  if (plan.kind === 'ranges') {
    await (canMapRanges() ? byPrograms(pid, plan) : byHelper(pid, plan, session));
    return;
  }
  if (plan.kind === 'single') writeFileSync(`/proc/${pid}/setgroups`, 'deny');
  writeFileSync(`/proc/${pid}/uid_map`, idMapText(plan.uids));
  writeFileSync(`/proc/${pid}/gid_map`, idMapText(plan.gids));
}

async function byPrograms(pid: number, { uids, gids }: IdPlan): Promise<void> {
  await Promise.all([
    outputOf(requireProgram('newuidmap'), [String(pid), ...uids.flatMap(asArguments)]),
    outputOf(requireProgram('newgidmap'), [String(pid), ...gids.flatMap(asArguments)]),
  ]);
}

async function byHelper(pid: number, { uids, gids }: IdPlan, session: HelperSession | undefined): Promise<void> {
  const startTime = startTimeOf(pid);
  if (session === undefined || startTime === undefined) fail('idRangesMissing', { missing: 'programs' });
  const helper = await session.helper('sandbox');
  await helper.request('ids/map', { at: { pid, startTime }, uids: [...uids], gids: [...gids] });
}
