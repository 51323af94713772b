import * as v from 'valibot';
import type { LinkConditions } from '../model/lab.ts';
import { problem, ProblemError } from '../model/problem.ts';
import { shown } from './check.ts';
import { linkConditions } from './schema-lab.ts';

const KEYS = ['delay', 'jitter', 'loss', 'rate'] as const;

/**
 * Conditions of links as a command line gives them, as a profile file would.
 * @throws ProblemError `wrongValue`.
 */
export function conditionsGiven(given: LinkConditions): LinkConditions {
  const texts = KEYS.flatMap((key) => (given[key] === undefined ? [] : [[key, given[key]] as const]));
  const problems = texts.flatMap(([key, text]) => {
    const { success, issues } = v.safeParse(linkConditions[key], text);
    return success ? [] : [problem('wrongValue', { key: `--${key}`, value: shown(text), expected: issues[0].message })];
  });
  if (problems.length > 0) throw new ProblemError(problems);
  return Object.fromEntries(texts);
}
