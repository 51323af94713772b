import { startTimeOf } from '../discovery/pin.ts';
import { fail } from '../model/problem.ts';
import type { InLab, LimitsGiven, Pinned, Sandbox, SandboxNote } from '../model/sandbox.ts';
import { hasOneId } from './ids.ts';
import type { LabPlan } from './lab/open-lab.ts';
import { groupedByReason } from './limits/unavailable.ts';
import type { LaunchRequest } from './make-plan.ts';
import { hostnameInside, outsideOf } from './outside.ts';
import type { Plan } from './plan.ts';

/** What is known of a sandbox before it is started. */
export interface Planned {
  readonly plan: Plan;
  readonly notes: readonly SandboxNote[];
  readonly request: LaunchRequest;
  /** Of the lab that it is in. */
  readonly hub: Pinned | undefined;
}

/**
 * What others see of a sandbox whose PID 1 is there, and under the limits that were given. `keeper` stays beside it.
 * @throws ProblemError `sandboxGone` where that has ended.
 */
export function describe(
  pid: number,
  given: LimitsGiven,
  { plan, notes, request, hub }: Planned,
  keeper: Pinned | undefined,
): Sandbox {
  const { profile, folder, id, lab } = plan;
  return {
    id,
    profile: profile.name,
    hostname: hostnameInside(profile),
    lifetime: profile.lifetime,
    workspaceFolder: profile.workspace === 'none' ? undefined : request.workspaceFolder,
    rootfs: profile.rootfs.kind === 'host' ? 'host' : profile.rootfs.path,
    pid,
    startTime: startTimeOf(pid) ?? fail('sandboxGone', { id }),
    startedAt: Date.now(),
    spare: request.spare === true,
    folder,
    limits: given,
    disk: plan.disk,
    outside: outsideOf(plan, keeper),
    network: profile.network,
    lab: lab && hub && inLab(lab, hub),
    wayOut: undefined,
    notes: [...notes, ...missingLimits(given), ...singleId(plan)],
  };
}

function inLab({ id, folder, interfaces, internet }: LabPlan, hub: Pinned): InLab {
  return { id, folder, hub, internet: internet !== undefined, interfaces };
}

/** The `host` root is read-only, and an archive has been given to the one id that there is. */
function singleId({ ids, profile }: Plan): readonly SandboxNote[] {
  return hasOneId(ids) && profile.rootfs.kind === 'directory' ? [{ note: 'singleId' }] : [];
}

function missingLimits({ missing }: LimitsGiven): readonly SandboxNote[] {
  return groupedByReason(missing).map((group) => ({ note: 'limitsMissing', ...group }));
}
