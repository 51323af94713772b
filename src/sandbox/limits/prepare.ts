import { cgroupHierarchies } from '../../cgroup/hierarchies.ts';
import { askedKeys, hierarchyFor } from '../../cgroup/limits.ts';
import type { HelperSession } from '../../elevation/session.ts';
import { fail } from '../../model/problem.ts';
import type { LimitKey, Limits } from '../../model/profile.ts';
import { helperLimits } from './helper.ts';
import { ownLimits } from './own.ts';
import { nothingGiven, unkept, type LimitRequest, type PreparedLimits } from './prepared.ts';
import { systemdLimits } from './systemd.ts';

/**
 * Finds who can keep the limits of a sandbox: the user's systemd manager, a cgroup of the user's own, else the helper.
 * Limits of `best-effort` never ask for a password: what nobody can keep without one is missing, with the reason.
 * @throws ProblemError `limitsUnavailable`, or those of starting the helper.
 */
export async function prepareLimits(id: string, limits: Limits, session: HelperSession): Promise<PreparedLimits> {
  const keys = askedKeys(limits);
  if (keys.length === 0) return unkept({ way: 'none', cgroups: {}, held: {}, missing: {} });
  const hierarchies = cgroupHierarchies();
  const uncontrolled = keys.filter((key) => hierarchyFor(key, hierarchies) === undefined);
  if (limits.mode === 'strict' && uncontrolled.length > 0) {
    fail('limitsUnavailable', { keys: uncontrolled, reason: NO_CONTROLLER });
  }
  const request = { id, limits, keys, hierarchies };
  return systemdLimits(request) ?? ownLimits(request) ?? (await byHelper(request, session));
}

const NO_CONTROLLER = 'this host has mounted no cgroup controller for it';
const NOBODY = 'you have no systemd user manager and no cgroup of your own here, and the helper was not asked';

async function byHelper(request: LimitRequest, session: HelperSession): Promise<PreparedLimits> {
  if (request.limits.mode === 'strict') return helperLimits(request, await session.helper());
  const helper = await session.running();
  return helper ? helperLimits(request, helper) : without(request);
}

function without(request: LimitRequest): PreparedLimits {
  const isKept = (key: LimitKey): boolean => hierarchyFor(key, request.hierarchies) !== undefined;
  return unkept(nothingGiven(request, (key) => (isKept(key) ? NOBODY : NO_CONTROLLER)));
}
