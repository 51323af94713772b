import * as v from 'valibot';
import type { LinkConditions } from '../model/lab.ts';
import { problem, ProblemError } from '../model/problem.ts';
import { shown } from './check.ts';
import { linkConditions } from './schema-lab.ts';

const KEYS = ['delay', 'jitter', 'loss', 'rate'] as const;

/**
 * Conditions of links as somebody types them: `delay 20ms loss 1%`; of nothing, none.
 * @throws ProblemError `unknownKey`, `wrongValue`.
 */
export function parseConditions(text: string): LinkConditions {
  const words = text.split(/\s+/).filter(Boolean);
  const pairs = words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? ''] as const] : []));
  const unknown = pairs.filter(([key]) => !KEYS.some((known) => known === key));
  if (unknown.length > 0) throw new ProblemError(unknown.map(([key]) => problem('unknownKey', { key, known: KEYS })));
  return conditionsGiven(Object.fromEntries(pairs));
}

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
