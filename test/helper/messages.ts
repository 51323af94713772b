import * as v from 'valibot';
import { HELPER_VERBS, type HelperVerb } from '../../src/protocol/helper.ts';

const VERBS = Object.keys(HELPER_VERBS) as readonly HelperVerb[];

/** A generator of pseudo-random numbers below `most` that can be run again from its seed (xorshift32). */
export function numbers(seed: number): (most: number) => number {
  let state = seed | 1;
  return (most) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % most;
  };
}

type Random = ReturnType<typeof numbers>;

/** Values that programs have stumbled over. */
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -0, 1, -1, 1.5, 1e308, 2 ** 32, 2 ** 53, -(2 ** 31), 4_194_305],
  ...[
    '',
    '.',
    '..',
    '../..',
    '/',
    'a/b',
    '/etc/shadow',
    'a\u0000b',
    '\u0000',
    '-',
    '--',
    '$(id)',
    '`id`',
    ';id',
    '%s%n',
  ],
  ...['A', 'x'.repeat(33), 'x'.repeat(5000), '\ud800', '\u202e', 'é', '__proto__', 'constructor', '0', '1', 'max'],
  ...[[], [[]], [null], ['..'], {}, { id: 'x' }, { length: 1e9 }, { toString: 1 }, { then: 1 }],
];

const KEYS = [
  'id',
  'pid',
  'uid',
  'path',
  'length',
  'toString',
  'constructor',
  'then',
  '',
  'ended',
  'limits',
  'name',
  '0',
];

/**
 * Messages of every kind, one a call: made of nothing, or of right ones with something changed in their tree or in their bytes.
 * Undefined for one in which nothing is wrong.
 */
export function wrongMessage(random: Random): Buffer | undefined {
  const envelope = { jsonrpc: '2.0', id: random(1_000_000), method: method(random), params: params(random) };
  const message = random(8) === 0 ? mutated(envelope, random) : envelope;
  const text = JSON.stringify(message);
  if (random(4) === 0) return onlyWrong(Buffer.from(text), random);
  return isRight(text) ? undefined : Buffer.from(text);
}

function onlyWrong(right: Buffer, random: Random): Buffer | undefined {
  const bytes = changedBytes(right, random);
  return isRight(bytes.toString('utf8')) ? undefined : bytes;
}

/** Whether the helper would have to act on it. */
function isRight(text: string): boolean {
  try {
    const message = JSON.parse(text) as { readonly method?: unknown; readonly params?: unknown } | null;
    const verb = VERBS.find((one) => one === message?.method);
    return (
      verb !== undefined && !Array.isArray(message?.params) && v.safeParse(HELPER_VERBS[verb], message?.params).success
    );
  } catch {
    return false;
  }
}

function method(random: Random): unknown {
  if (random(12) === 0) return value(random);
  const verb = VERBS[random(VERBS.length)];
  return random(12) === 0 ? `${verb ?? ''}${String.fromCharCode(random(256))}` : verb;
}

/** Parameters with the keys of some verb, right or wrong, or of none. */
function params(random: Random): unknown {
  if (random(6) === 0) return value(random);
  const { entries } = HELPER_VERBS[VERBS[random(VERBS.length)] ?? 'limits/remove'] as { entries: object };
  const right = Object.keys(entries).map((key) => [key, plausible(key, random)] as const);
  return random(3) === 0 ? mutated(Object.fromEntries(right), random) : Object.fromEntries(right);
}

function plausible(key: string, random: Random): unknown {
  if (random(3) === 0) return value(random);
  if (key === 'limits') return { [KEYS[random(KEYS.length)] ?? '']: value(random), 'pids.max': random(9) - 4 };
  return random(2) === 0 ? `fuzz-${random(9)}` : random(5_000_000);
}

function mutated(object: Readonly<Record<string, unknown>>, random: Random): unknown {
  const keys = Object.keys(object);
  const key = keys[random(Math.max(keys.length, 1))] ?? '';
  if (random(3) === 0) return { ...object, [KEYS[random(KEYS.length)] ?? '']: value(random) };
  if (random(2) === 0) return { ...object, [key]: value(random) };
  return Object.fromEntries(Object.entries(object).filter(([one]) => one !== key));
}

function value(random: Random): unknown {
  const one = VALUES[random(VALUES.length)];
  if (random(8) !== 0) return one;
  return random(2) === 0 ? [one, value(random)] : { [KEYS[random(KEYS.length)] ?? '']: value(random) };
}

/** A copy with a byte changed, a piece left out or doubled. */
function changedBytes(bytes: Buffer, random: Random): Buffer {
  const at = random(bytes.length + 1);
  const end = Math.min(bytes.length, at + random(12));
  const kind = random(3);
  if (kind === 0) return Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at + 1)]);
  return Buffer.concat([bytes.subarray(0, kind === 1 ? at : end), bytes.subarray(kind === 1 ? end : at)]);
}
