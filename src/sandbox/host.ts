import { readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { cgroupHierarchies } from '../cgroup/hierarchies.ts';
import type { HelperSession } from '../elevation/session.ts';
import type { ControllerPlace, HostCaller } from '../host/caller.ts';
import { checkHost } from '../host/check.ts';
import { requireLinux } from '../host/programs.ts';
import type { CgroupHierarchy } from '../model/cgroup.ts';
import { CONTROLLERS, type Controller, type HostReport } from '../model/host.ts';
import { namesOfFolders } from '../state/folders.ts';
import { dropToShifted, planIds, SHIFTED_BASE, subordinateRanges, userName } from './ids.ts';
import { delegatedHome, ownCgroups } from './limits/own.ts';

/**
 * What this host can do for whoever runs this process. A helper is asked only where it runs already.
 * @throws ProblemError `notLinux`, or that of a helper which has just ended.
 */
export async function checkThisHost(session?: HelperSession): Promise<HostReport> {
  requireLinux();
  const helper = await session?.running();
  return checkHost(hostCaller(), await helper?.request('host', {}));
}

function hostCaller(): HostCaller {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const { state } = namesOfFolders({ uid, gid, env: process.env, home: homedir(), tmp: tmpdir() });
  const hierarchies = cgroupHierarchies();
  return {
    uid,
    gid,
    name: userName(uid),
    owner: uid === 0 ? { uid: SHIFTED_BASE, gid: SHIFTED_BASE } : { uid, gid },
    asOwner: dropToShifted(planIds(uid, gid)),
    stateFolder: state,
    ranges: { uids: subordinateRanges('/etc/subuid', uid), gids: subordinateRanges('/etc/subgid', uid) },
    controllers: CONTROLLERS.map((controller) => placeOf(controller, uid, hierarchies)),
  };
}

/** cgroup v1 calls the controller `blkio` (cgroup-v2.rst, "IO"). */
function placeOf(controller: Controller, uid: number, hierarchies: readonly CgroupHierarchy[]): ControllerPlace {
  const names: readonly string[] = controller === 'io' ? ['io', 'blkio'] : [controller];
  const hierarchy = hierarchies.find(({ controllers }) => controllers.some((name) => names.includes(name)));
  return { controller, hierarchy, own: hierarchy && ownFolder(uid, hierarchy) };
}

function ownFolder(uid: number, hierarchy: CgroupHierarchy): string | undefined {
  if (uid === 0) return hierarchy.mountPoint;
  const path = ownCgroups(readFileSync('/proc/self/cgroup', 'utf8')).get(hierarchy.key) ?? '/';
  return delegatedHome(hierarchy, path)?.folder;
}
