import * as v from 'valibot';
import type { Shape, WrittenLimit } from '../model/limits/kind.ts';
import { LIMIT_KEYS, limitRow, type LimitKey } from '../model/limits/table.ts';
import { isLimit } from './limits.ts';
import { choice, keyed, mapOf } from './schema-parts.ts';

type Kind = ReturnType<typeof limitRow>['kind'];

function limit(key: LimitKey): v.GenericSchema<unknown, WrittenLimit> {
  const { kind, description, examples } = limitRow(key);
  return v.pipe(
    written(kind),
    v.check((given) => isLimit(key, given), kind.expected),
    v.description(description),
    v.metadata({ examples }),
  );
}

function written({ json, expected }: Kind): v.GenericSchema<unknown, WrittenLimit> {
  if ('name' in json) return mapOf(shaped(json.name), shaped(json.text), expected);
  const { pattern, ...keywords } = json;
  const text = { pattern: pattern.source, patternErrorMessage: `This must be ${expected}.` };
  return v.pipe(v.union([v.number(), v.string()], expected), v.metadata({ ...text, ...keywords }));
}

function shaped(shape: Shape) {
  const { pattern, expected } = shape;
  return v.pipe(
    v.string(expected),
    v.regex(pattern, expected),
    v.check((text) => shape.is(text), expected),
    v.metadata({ patternErrorMessage: `This must be ${expected}.` }),
  );
}

const mode = v.pipe(
  choice(
    {
      strict: 'A limit that cannot be had is an error, and the sandbox does not start.',
      'best-effort': 'The sandbox starts without a limit that cannot be had, and says so.',
    },
    'strict',
  ),
  v.description(
    'What happens where a limit cannot be had. A profile that sets a limit is strict unless it says otherwise.',
  ),
);

type LimitEntries = Readonly<
  Record<LimitKey, v.ExactOptionalSchema<v.GenericSchema<unknown, WrittenLimit>, undefined>>
>;

const entries = Object.fromEntries(LIMIT_KEYS.map((key) => [key, v.exactOptional(limit(key))])) as LimitEntries;

export const limits = keyed({ mode: v.exactOptional(mode), ...entries });
