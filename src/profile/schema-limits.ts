import * as v from 'valibot';
import type { LimitKey } from '../model/profile.ts';
import { isLimit, LIMIT_EXPECTED, LIMIT_PATTERNS } from './limits.ts';
import { choice, keyed } from './schema-parts.ts';

function limit(key: LimitKey, description: string, examples: readonly string[]) {
  const value = v.union([v.number(), v.string()], LIMIT_EXPECTED[key]);
  return v.exactOptional(
    v.pipe(
      value,
      v.check((given) => isLimit(key, given), LIMIT_EXPECTED[key]),
      v.description(description),
      v.metadata({
        examples,
        pattern: LIMIT_PATTERNS[key].source,
        patternErrorMessage: `This must be ${LIMIT_EXPECTED[key]}.`,
        ...(key === 'cpu.max' ? { type: 'string' } : { minimum: 1 }),
      }),
    ),
  );
}

export const limits = keyed({
  mode: v.exactOptional(
    v.pipe(
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
    ),
  ),
  'memory.max': limit('memory.max', 'Most memory in bytes; K, M, G and T are powers of 1024. "max" is no limit.', [
    '64M',
    '1G',
    '4G',
    'max',
  ]),
  'pids.max': limit('pids.max', 'Most processes and threads at the same time. "max" is no limit.', [
    '64',
    '256',
    '1024',
    'max',
  ]),
  'cpu.max': limit('cpu.max', 'CPU time: 100% is one CPU, or QUOTA PERIOD in microseconds. "max" is no limit.', [
    '50%',
    '150%',
    '50000 100000',
    'max',
  ]),
});
