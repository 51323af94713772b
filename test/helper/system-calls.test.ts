import { execaSync } from 'execa';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRoot, USER } from '../support/unshared.ts';
import { FOR_USER, holdNamespaces, release, result, targetOf, type Holder } from './holders.ts';
import { startRaw } from './raw-helper.ts';
import { traceSession, type Request } from './system-calls.ts';

const GOLDEN = join(import.meta.dirname, 'golden/system-calls.txt');
const hasStrace = !execaSync('strace', ['-V'], { reject: false }).failed;

const id = 'test-calls';

describe.skipIf(!isRoot || !hasStrace)('the system calls of the helper as root (needs root and strace)', () => {
  let holders: readonly Holder[];
  beforeEach(async () => {
    holders = [await holdNamespaces(USER, '--net'), await holdNamespaces(USER, '--net')];
  });
  afterEach(async () => {
    for (const holder of holders) await release(holder);
    const helper = startRaw(FOR_USER);
    await result(helper, 'limits/remove', { id });
    await helper.end();
  });

  it('are those of the list, and no other', async () => {
    const requests = session(holders);
    const { answers, calls } = await traceSession(requests);
    const refused = answers.flatMap(({ error }, index) =>
      error ? [`${requests[index]?.verb ?? ''}: ${error.message}`] : [],
    );
    expect([refused, answers.length]).toEqual([[], requests.length]);
    const listed = readFileSync(GOLDEN, 'utf8').trim().split('\n');
    const others = calls.filter((call) => !listed.includes(call));
    expect(others, others.join('\n')).toEqual([]);
  });
});

/** What a window asks for in the life of a sandbox. */
function session([one, other]: readonly Holder[]): readonly Request[] {
  if (one === undefined || other === undefined) throw new Error('two sandboxes are needed');
  const ids = [{ inside: 0, outside: USER, count: 1 }];
  const ends = [
    { at: targetOf(one), name: 'test-a', address: '10.9.7.1/24' },
    { at: targetOf(other), name: 'test-b' },
  ];
  return [
    { verb: 'host', params: {} },
    { verb: 'ids/map', params: { at: targetOf(one), uids: ids, gids: ids } },
    { verb: 'namespaces/start', params: {} },
    { verb: 'limits/make', params: { id, limits: { 'pids.max': 20 } } },
    { verb: 'limits/place', params: { id, pid: one.pid } },
    { verb: 'limits/set', params: { id, limits: { 'pids.max': 30 } } },
    { verb: 'netns/add', params: { name: id } },
    { verb: 'netns/list', params: {} },
    { verb: 'uplinks/add', params: { at: { netns: id }, name: 'out', subnet: '10.9.6.0/24' } },
    { verb: 'uplinks/list', params: {} },
    { verb: 'uplinks/delete', params: { at: { netns: id } } },
    { verb: 'links/add', params: { ends } },
    { verb: 'links/set', params: { at: targetOf(one), name: 'test-a', up: false } },
    { verb: 'networks/reach', params: { at: targetOf(one), addresses: ['10.9.7.1'] } },
    { verb: 'networks/read', params: {} },
    { verb: 'links/delete', params: { at: targetOf(one), name: 'test-a' } },
    { verb: 'netns/delete', params: { name: id } },
    { verb: 'limits/freeze', params: { id } },
    { verb: 'limits/thaw', params: { id } },
    { verb: 'scan', params: {} },
    { verb: 'limits/kill', params: { id } },
    { verb: 'limits/sweep', params: { ended: [] } },
    { verb: 'clean', params: {} },
  ];
}
