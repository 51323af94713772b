import { startTimeOf } from '../discovery/pin.ts';
import type { HelperSession } from '../elevation/session.ts';
import { fail } from '../model/problem.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { readRecords } from '../state/records.ts';
import { callerFolders } from './caller.ts';
import { findById } from './find-by-id.ts';
import { kill, sweep } from './remains.ts';

/** The caller's sandboxes whose PID 1 lives, oldest first. */
export function runningSandboxes(): readonly Sandbox[] {
  return readRecords(callerFolders().runtime)
    .map(({ record }) => record?.sandbox)
    .filter((sandbox) => sandbox !== undefined)
    .filter(({ pid, startTime }) => startTimeOf(pid) === startTime)
    .sort((a, b) => a.startedAt - b.startedAt);
}

/**
 * The running sandbox of this id, or whose id begins so if only one does.
 * @throws ProblemError `sandboxNotFound`.
 */
export function findSandbox(id: string): Sandbox {
  const running = runningSandboxes();
  return (
    findById(running, (sandbox) => sandbox.id, id) ??
    fail('sandboxNotFound', { id, running: running.map((sandbox) => sandbox.id) })
  );
}

/**
 * Kills PID 1, and with it every process of the sandbox (pid_namespaces(7)), and removes what is left; what the helper keeps of it,
 * where it runs. A sandbox that has ended already is no error.
 */
export async function stopSandbox(sandbox: Sandbox, session?: HelperSession): Promise<void> {
  await kill(sandbox);
  await sweep(callerFolders(), session);
}
