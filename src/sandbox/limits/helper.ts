import { existsSync } from 'node:fs';
import { cgroupNames, distinctFolders, placeProcess, topHomes, type LimitFolders } from '../../cgroup/limits.ts';
import type { CgroupHierarchy } from '../../model/cgroup.ts';
import { LIMIT_KEYS } from '../../model/limits/table.ts';
import { MAX_NAMES } from '../../protocol/helper.ts';
import type { Helper } from '../../elevation/start-helper.ts';
import type { HelperSession } from '../../elevation/session.ts';
import type { Sandbox } from '../../model/sandbox.ts';
import { given, moveShellIn, nothingGiven, unkept, type LimitRequest, type PreparedLimits } from './prepared.ts';
import { unavailable } from './unavailable.ts';

/**
 * Limits in cgroups that the helper makes. On v1 the user moves own processes in; on v2 the kernel lets only root do it.
 * @throws ProblemError `helperRefused`, `helperEnded`, and `limitsUnavailable` where they are strict and the kernel refuses one.
 */
export async function helperLimits(request: LimitRequest, helper: Helper): Promise<PreparedLimits> {
  const { id, keys, limits } = request;
  const values = Object.fromEntries(keys.map((key) => [key, limits.values[key]]));
  const { folders, refused } = await helper.request('limits/make', { id, limits: values });
  if (limits.mode === 'strict' && Object.keys(refused).length > 0) {
    await removeByHelper(id, helper);
    throw unavailable(refused);
  }
  if (distinctFolders(folders).length === 0) return unkept(nothingGiven(request, refused));
  return {
    place: async (pid) => {
      if (needsRoot(folders)) await helper.request('limits/place', { id, pid });
      else placeProcess(folders, pid);
      return given(request, 'helper', folders, refused);
    },
    joinLines: () => (needsRoot(folders) ? awaitPlacing(folders) : moveShellIn(folders)),
    remove: () => removeByHelper(id, helper),
  };
}

/**
 * What moves a joining process (the pid of its join script) into the limits of a sandbox, where it cannot do so itself:
 * it waits until then. Asks for a password if no helper runs, so it comes before a terminal has another reader.
 * @throws ProblemError of the helper.
 */
export async function joinerPlacing(
  { id, limits }: Sandbox,
  session: HelperSession,
): Promise<(pid: number) => Promise<void>> {
  if (limits.way !== 'helper' || !needsRoot(limits.cgroups)) return () => Promise.resolve();
  const helper = await session.helper('limits');
  return async (pid) => {
    await helper.request('limits/place', { id, pid });
  };
}

function needsRoot(folders: LimitFolders): boolean {
  return distinctFolders(folders).some((folder) => existsSync(`${folder}/cgroup.controllers`));
}

/** On v2 the opener of the terminal asks the helper; the shell sees itself arrive. */
function awaitPlacing(folders: LimitFolders): readonly string[] {
  const [folder = ''] = distinctFolders(folders);
  const name = folder.slice(folder.lastIndexOf('/'));
  return [
    'tries=0',
    `until while read -r line; do case $line in 0::*${name}) break ;; esac; false; done </proc/self/cgroup; do`,
    '  tries=$((tries + 1)); sleep 0.05',
    "  [ $tries -lt 600 ] || { echo 'The helper did not move this terminal under the limits.' >&2; exit 1; }",
    'done',
  ];
}

const PATIENCE = 2000;

/** A helper that has ended leaves its cgroups to the next one. */
async function removeByHelper(id: LimitRequest['id'], helper: Helper): Promise<void> {
  const end = Date.now() + PATIENCE;
  try {
    while (!(await helper.request('limits/remove', { id })).removed && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } catch {
    // it has ended
  }
}

/** The ids of the sandboxes for which a helper has made cgroups on behalf of this user. */
export function idsInHelperCgroups(hierarchies: readonly CgroupHierarchy[], uid: number): readonly string[] {
  const own = `${uid}.`;
  const names = cgroupNames(topHomes(LIMIT_KEYS, hierarchies));
  return names.filter((name) => name.startsWith(own)).map((name) => name.slice(own.length));
}

/** Lets the running helper remove what earlier ones left of sandboxes that have ended. */
export async function sweepByHelper(ended: readonly string[], helper: Helper): Promise<void> {
  if (ended.length > 0) await helper.request('limits/sweep', { ended: ended.slice(0, MAX_NAMES) });
}
