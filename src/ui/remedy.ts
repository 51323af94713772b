import { ProblemError, type Place, type ProblemCode } from '../model/problem.ts';

/** What a button beside an error does. */
export type Remedy =
  { readonly do: 'openPlace'; readonly place: Place } | { readonly do: 'checkHost' } | { readonly do: 'showOutput' };

const HOST_PROBLEMS: readonly ProblemCode[] = [
  'programMissing',
  'programTooOld',
  'namespacesRefused',
  'limitsUnavailable',
  'tunNotUsable',
  'noAgent',
  'passwordNeeded',
];

/** The next step that helps most: the place of the fault, then what the host lacks, else the log. */
export function remedyFor(error: unknown): Remedy {
  const problems = error instanceof ProblemError ? error.problems : [];
  const place = problems.find((problem) => problem.place)?.place;
  if (place) return { do: 'openPlace', place };
  return problems.some(({ code }) => HOST_PROBLEMS.includes(code)) ? { do: 'checkHost' } : { do: 'showOutput' };
}

/** Whether the user has called it off: that is no error. */
export function isCancelled(error: unknown): boolean {
  return isOneOf(error, ['rootNotWanted', 'helperDismissed']);
}

/** Whether an error is of problems with these codes alone. */
export function isOneOf(error: unknown, codes: readonly ProblemCode[]): boolean {
  return error instanceof ProblemError && error.problems.every(({ code }) => codes.includes(code));
}
