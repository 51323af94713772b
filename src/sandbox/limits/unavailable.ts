import type { LimitKey } from '../../model/limits/table.ts';
import { problem, ProblemError } from '../../model/problem.ts';

/** Why limits do not hold. */
export type Reasons = Readonly<Partial<Record<LimitKey, string>>>;

/** One problem for each reason, with the limits that have it. */
export function unavailable(reasons: Reasons, cause?: unknown): ProblemError {
  const problems = groupedByReason(reasons).map((group) => problem('limitsUnavailable', group));
  return new ProblemError(problems, { cause });
}

/** Limits with the same reason together, in their order. */
export function groupedByReason(
  reasons: Reasons,
): readonly { readonly keys: readonly LimitKey[]; readonly reason: string }[] {
  const all = Object.entries(reasons) as readonly (readonly [LimitKey, string])[];
  const distinct = [...new Set(all.map(([, reason]) => reason))];
  return distinct.map((reason) => ({ reason, keys: all.filter(([, one]) => one === reason).map(([key]) => key) }));
}

/** The same reason for all of them. */
export function forAll(keys: readonly LimitKey[], reason: string): Reasons {
  return Object.fromEntries(keys.map((key) => [key, reason]));
}
