import { cgroupHierarchies } from '../../cgroup/hierarchies.ts';
import { hierarchyFor } from '../../cgroup/limits.ts';
import { inexpressible } from '../../cgroup/set-limit.ts';
import type { HelperSession } from '../../elevation/session.ts';
import type { CgroupHierarchy } from '../../model/cgroup.ts';
import { askedKeys, type LimitKey, type LimitValues } from '../../model/limits/table.ts';
import { helperLimits } from './helper.ts';
import { ownLimits } from './own.ts';
import type { LimitsPlan } from './plan-limits.ts';
import { alsoMissing, nothingGiven, unkept, type LimitRequest, type PreparedLimits } from './prepared.ts';
import { systemdLimits } from './systemd.ts';
import { forAll, unavailable, type Reasons } from './unavailable.ts';

/**
 * Finds who can keep the limits of a sandbox: the user's systemd manager, a cgroup of the user's own, else the helper.
 * Limits of `best-effort` never ask for a password: what nobody can keep without one is missing, with the reason.
 * @throws ProblemError `limitsUnavailable`, or those of starting the helper.
 */
export async function prepareLimits(id: string, limits: LimitsPlan, session: HelperSession): Promise<PreparedLimits> {
  const hierarchies = cgroupHierarchies();
  const asked = askedKeys(limits.values);
  const impossible = impossibleHere(asked, limits.values, hierarchies);
  if (limits.mode === 'strict' && Object.keys(impossible).length > 0) throw unavailable(impossible);
  const keys = asked.filter((key) => impossible[key] === undefined);
  const request = { id, limits, keys, hierarchies };
  return alsoMissing(await byWhom(request, session), { ...impossible, ...limits.missing });
}

const NO_CONTROLLER = 'this host has mounted no cgroup controller for it';
const NOBODY = 'you have no systemd user manager and no cgroup of your own here, and the helper was not asked';

/** What no one can keep on this host, not even root. */
function impossibleHere(
  keys: readonly LimitKey[],
  values: LimitValues,
  hierarchies: readonly CgroupHierarchy[],
): Reasons {
  const reasons = keys.map((key) => {
    const hierarchy = hierarchyFor(key, hierarchies);
    return [key, hierarchy === undefined ? NO_CONTROLLER : inexpressible(key, hierarchy.version, values)] as const;
  });
  return Object.fromEntries(reasons.filter(([, reason]) => reason !== undefined));
}

async function byWhom(request: LimitRequest, session: HelperSession): Promise<PreparedLimits> {
  if (request.keys.length === 0) return unkept(nothingGiven(request, {}));
  return systemdLimits(request) ?? ownLimits(request) ?? (await byHelper(request, session));
}

async function byHelper(request: LimitRequest, session: HelperSession): Promise<PreparedLimits> {
  if (request.limits.mode === 'strict') return helperLimits(request, await session.helper('limits'));
  const helper = await session.running();
  return helper ? helperLimits(request, helper) : unkept(nothingGiven(request, forAll(request.keys, NOBODY)));
}
