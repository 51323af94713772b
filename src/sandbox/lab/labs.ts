import { callerFolders } from '../caller.ts';
import { fail } from '../../model/problem.ts';
import type { Lab, LabMember } from '../../model/lab.ts';
import type { Sandbox } from '../../model/sandbox.ts';
import { labFolders, readLab } from '../../state/labs.ts';
import { findById } from '../find-by-id.ts';
import { kill, sweep } from '../remains.ts';
import { runningSandboxes } from '../running.ts';
import { isConnected, isThere, livingMembers } from './members.ts';

/** A lab with somebody in it. */
export interface RunningLab {
  readonly lab: Lab;
  /** Those that are connected, in the order in which they are named. */
  readonly members: readonly LabMember[];
  /** Those whose links went with a hub that was killed. */
  readonly cutOff: readonly LabMember[];
}

/** The caller's labs, by name. */
export function runningLabs(): readonly RunningLab[] {
  return labFolders(callerFolders().labs).flatMap((folder) => {
    const lab = readLab(folder);
    const living = livingMembers(folder);
    if (lab === undefined || (living.length === 0 && !isThere(lab.hub))) return [];
    const [members, cutOff] = [true, false].map((wanted) => living.filter((one) => isConnected(one, lab) === wanted));
    return [{ lab, members: members ?? [], cutOff: cutOff ?? [] }];
  });
}

/**
 * The running lab of this id, or whose id begins so if only one does.
 * @throws ProblemError `labNotFound`.
 */
export function findLab(id: string): RunningLab {
  const labs = runningLabs();
  return findById(labs, ({ lab }) => lab.id, id) ?? fail('labNotFound', { id, running: labs.map(({ lab }) => lab.id) });
}

/** The sandboxes of a lab, also those that are cut off. */
export function sandboxesOf({ lab }: RunningLab): readonly Sandbox[] {
  return runningSandboxes().filter((sandbox) => sandbox.lab?.id === lab.id);
}

/** Ends the sandboxes of a lab; resolves when its hub has ended too, which it does after the last. */
export async function stopLab(running: RunningLab): Promise<void> {
  await Promise.all(sandboxesOf(running).map(kill));
  await sweep(callerFolders());
  while (isThere(running.lab.hub)) await new Promise((resolve) => setTimeout(resolve, 5));
}
