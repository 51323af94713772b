import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorCodes } from 'vscode-jsonrpc';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { HELPER_REFUSED, HELPER_VERBS, MAX_MESSAGE } from '../../src/protocol/helper.ts';
import { patience, repeated } from '../support/pace.ts';
import { isRoot } from '../support/unshared.ts';
import { numbers, wrongMessage } from './messages.ts';
import { framed, startRaw, type RawHelper } from './raw-helper.ts';

const MESSAGES = repeated(1_000_000);
const BATCH = 500;
/** What a heap sways by when it is collected. */
const MOST_GROWTH = 16 * 1024 ** 2;

const REFUSALS = [ErrorCodes.InvalidRequest, ErrorCodes.MethodNotFound, HELPER_REFUSED];

describe.skipIf(!isRoot)('wrong messages to the helper as root (needs root)', () => {
  let helper: RawHelper;
  let before: readonly string[];
  beforeEach(() => {
    before = whatItCouldMake();
    helper = startRaw();
  });
  afterEach(async () => {
    await helper.end();
    expect(whatItCouldMake()).toEqual(before);
  });

  it(
    `${MESSAGES} of them: it answers each with an error, does nothing, and does not grow`,
    { timeout: patience(300_000) },
    async () => {
      const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
      const random = numbers(seed);
      let warm = 0;
      for (let sent = 0; sent < MESSAGES; sent += BATCH) {
        await helper.write(Buffer.concat(Array.from({ length: BATCH }, () => framed(nextWrong(random)))));
        if (sent === MESSAGES / 2) warm = helper.rss();
      }
      expect((await helper.ask('limits/remove', { id: 'fuzz-end' })).result, `FUZZ_SEED=${seed}`).toEqual({
        removed: true,
      });
      expect(helper.seen, `FUZZ_SEED=${seed}`).toEqual({ results: 1, errors: MESSAGES, acts: 0 });
      expect(helper.rss() - warm).toBeLessThan(MOST_GROWTH);
    },
  );

  const nested = `${'['.repeat(32_000)}${']'.repeat(32_000)}`;
  const bodies: readonly (readonly [string, string | Buffer])[] = [
    ['deeply nested', request('limits/remove', nested)],
    ['with a key twice', request('limits/remove', '{"id":"a","id":"b"}')],
    [
      'with a key twice in its envelope',
      '{"jsonrpc":"2.0","id":1,"id":2,"method":"limits/remove","params":{"id":"a"}}',
    ],
    ['with __proto__', request('limits/remove', '{"id":"a","__proto__":{"x":1}}')],
    ['with __proto__ alone', request('limits/remove', '{"__proto__":{"id":"a"}}')],
    ['with constructor', request('limits/remove', '{"id":"a","constructor":{}}')],
    ['with NUL in a name', request('limits/remove', '{"id":"a\\u0000"}')],
    ['with NUL itself', request('limits/remove', '{"id":"a\0"}')],
    ['with a name that ends in a newline', request('limits/remove', '{"id":"a\\n"}')],
    ['with an unknown verb', request('run', '{"command":"id"}')],
    ['with a verb that every object has', request('toString', '{}')],
    ['with __proto__ as its verb', request('__proto__', '{}')],
    ['without parameters', '{"jsonrpc":"2.0","id":1,"method":"limits/remove"}'],
    ['that is a batch', `[${request('limits/remove', '{"id":"a"}')}]`],
    ['that is a notification', '{"jsonrpc":"2.0","method":"limits/remove","params":{"id":"a"}}'],
    ['that cancels', '{"jsonrpc":"2.0","method":"$/cancelRequest","params":null}'],
    ['that is null', 'null'],
    ['that is empty', ''],
    ['that is no JSON', '{'],
    ['that is no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  ];
  it.each(bodies)('one %s is refused', async (_, body) => {
    await helper.write(framed(body));
    expect((await helper.ask('limits/remove', { id: 'fuzz-end' })).result).toEqual({ removed: true });
    expect(helper.seen).toEqual({ results: 1, errors: 1, acts: 0 });
  });

  it.each(Object.keys(HELPER_VERBS))('one of the wrong type is refused by %s', async (verb) => {
    for (const params of [
      null,
      true,
      1,
      'x',
      [],
      [{}],
      { id: 1 },
      { id: ['a'] },
      { id: { length: 1 } },
      { nobody: 1 },
    ]) {
      expect(REFUSALS, JSON.stringify(params)).toContain((await helper.ask(verb, params)).error?.code);
    }
    expect(helper.seen).toMatchObject({ results: 0, acts: 0 });
  });

  it.each([
    ['one too long', `Content-Length: ${MAX_MESSAGE + 1}\r\n\r\n`],
    ['one of a negative length', 'Content-Length: -1\r\n\r\n'],
    ['a header without an end', 'Content-Length: 1'.padEnd(500)],
    ['bytes without a header', Buffer.alloc(4096)],
  ])('%s ends it', async (_, bytes) => {
    await helper.write(bytes);
    expect(await helper.exit).toEqual([1, null]);
    expect(helper.seen).toEqual({ results: 0, errors: 0, acts: 0 });
  });
});

function request(verb: string, params: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"${verb}","params":${params}}`;
}

function nextWrong(random: (most: number) => number): Buffer {
  for (;;) {
    const message = wrongMessage(random);
    if (message !== undefined) return message;
  }
}

/** The folders beneath which the helper makes anything, with what is in them. */
function whatItCouldMake(): readonly string[] {
  const folders = cgroupHierarchies().map(({ mountPoint }) => join(mountPoint, 'namespace-sandboxes'));
  return [...folders, '/run/namespace-sandboxes', '/run/netns'].flatMap((folder) => {
    try {
      return readdirSync(folder).map((name) => join(folder, name));
    } catch {
      return [];
    }
  });
}
