import type { HelperSession } from '../elevation/session.ts';
import { ONLY_ROOTS } from '../model/host.ts';
import { ProblemError } from '../model/problem.ts';
import type { Pinned } from '../model/sandbox.ts';
import { entersWithoutCapabilities } from './identity.ts';
import { killPinned } from './kill-pinned.ts';
import { writeIdMaps } from './write-ids.ts';
import type { Plan } from './plan.ts';

/** A user namespace of the caller that the helper has made, and the process that holds it until a sandbox is in it. */
export interface MadeByHelper extends Pinned {
  /** Ends the process. What else is in the namespace stays. */
  readonly release: () => void;
}

/** Whether a start that failed so would go well in a user namespace of the helper's. */
export function helperMakesWay(error: unknown, plan: Plan): boolean {
  if (!(error instanceof ProblemError)) return false;
  const isOnlyRoots = error.problems.some(
    ({ code, args }) => code === 'namespacesRefused' && ONLY_ROOTS.includes(args.finding.code),
  );
  return isOnlyRoots && needsOneNamespace(plan) && !entersWithoutCapabilities(plan.ids);
}

/** No second one around it, and none to remove in it what the layers of overlays leave. */
function needsOneNamespace({ sharing, held, overlays, lab }: Plan): boolean {
  return sharing.parent === undefined && lab === undefined && held === undefined && overlays.length === 0;
}

/**
 * Has one made, with its id maps, after a password where no helper runs.
 * @throws ProblemError of the helper; where nobody may start it, `refusal` too, which says what else would help.
 */
export async function makeByHelper(refusal: unknown, plan: Plan, session: HelperSession): Promise<MadeByHelper> {
  const helper = await session.helper('sandbox').catch((error: unknown) => {
    throw bothOf(refusal, error);
  });
  const holder = await helper.request('namespaces/start', {});
  const release = (): void => killPinned(holder);
  try {
    await writeIdMaps(holder.pid, plan.ids, session);
  } catch (error) {
    release();
    throw error;
  }
  return { ...holder, release };
}

/** Who has dismissed the question knows why nothing starts. */
function bothOf(refusal: unknown, error: unknown): unknown {
  if (!(error instanceof ProblemError) || !(refusal instanceof ProblemError)) return error;
  if (error.problems.some(({ code }) => code === 'helperDismissed')) return error;
  return new ProblemError([...refusal.problems, ...error.problems], { cause: error });
}
