import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { HELPER_VERBS, type HelperVerb } from '../../src/protocol/helper.ts';

const at = { netns: 'n1' };
const ids = [{ inside: 0, outside: 1000, count: 1 }];

/** Parameters that each verb takes, with a value for every text that it knows. */
const RIGHT: Readonly<Record<HelperVerb, readonly object[]>> = {
  host: [{}],
  scan: [{}],
  'limits/make': [{ id: 'a', limits: { 'pids.max': 5 } }],
  'limits/place': [{ id: 'a', pid: 1 }],
  'limits/set': [{ id: 'a', limits: { 'pids.max': 5 } }],
  'limits/freeze': [{ id: 'a' }],
  'limits/thaw': [{ id: 'a' }],
  'limits/kill': [{ id: 'a' }],
  'limits/remove': [{ id: 'a' }],
  'limits/sweep': [{ ended: ['a', 'b'] }],
  'netns/add': [{ name: 'a' }],
  'netns/list': [{}],
  'netns/delete': [{ name: 'a' }],
  'links/add': [
    {
      ends: [
        { at, name: 'a', address: '10.0.0.1/24' },
        { at: { netns: 'n2' }, name: 'b', address: 'fd00::1/64' },
      ],
    },
  ],
  'links/delete': [{ at, name: 'a' }],
  'links/set': [{ at, name: 'a', address: '10.0.0.1/24', up: true }],
  'uplinks/add': [{ at, name: 'a', subnet: '10.9.8.0/24' }],
  'uplinks/list': [{}],
  'uplinks/delete': [{ at }],
  'networks/read': [{}],
  'networks/reach': [{ at, addresses: ['10.0.0.1', 'fd00::1'], port: 80 }],
  'ids/map': [{ at: { pid: 1, startTime: 1 }, uids: ids, gids: ids }],
  'namespaces/start': [{}],
  clean: [{}],
};

/** What a program could take for an option, and what leads elsewhere as a part of a path. */
const NO_ARGUMENTS = [
  ...['-', '--', '-n', '-1', '--help', '-all', '-10.0.0.1/24', '-fd00::1'],
  ...['.', '..', '/', '/etc', 'a/b', '../a', 'a\0', 'a\n', '\n', '', 'x'.repeat(256)],
];

/** Copies of a value in which one text is another: of each text one. */
function withAnother(value: unknown, other: string): readonly unknown[] {
  if (typeof value === 'string') return [other];
  if (Array.isArray(value)) {
    const all: readonly unknown[] = value;
    return all.flatMap((one, at) => withAnother(one, other).map((changed): unknown => all.with(at, changed)));
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    withAnother(one, other).map((changed) => ({ ...value, [key]: changed })),
  );
}

describe.each(Object.entries(RIGHT))('%s', (verb, right) => {
  const takes = (params: unknown): boolean => v.safeParse(HELPER_VERBS[verb as HelperVerb], params).success;

  it('takes what it is meant to take', () => {
    expect(right.map(takes)).toEqual(right.map(() => true));
  });

  it('takes nothing that a program could take for an option, and nothing that leads elsewhere', () => {
    const wrong = right.flatMap((params) => NO_ARGUMENTS.flatMap((text) => withAnother(params, text)));
    expect(wrong.filter(takes)).toEqual([]);
  });
});
