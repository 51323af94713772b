import fc from 'fast-check';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { messageBodies, parseRequest } from '../../src/helper/requests.ts';

const framed = (body: string): Buffer => Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

async function bodiesOf(chunks: readonly Buffer[]): Promise<readonly string[]> {
  const bodies: string[] = [];
  for await (const body of messageBodies(Readable.from(chunks), 200)) bodies.push(body.toString('utf8'));
  return bodies;
}

describe('messageBodies', () => {
  it('gives the bodies, however the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 40 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 30 }),
        async (bodies, size) => {
          const all = Buffer.concat(bodies.map(framed));
          const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
            all.subarray(index * size, (index + 1) * size),
          );
          expect(await bodiesOf(chunks)).toEqual(bodies);
        },
      ),
    );
  });

  it.each([
    ['a body that is too long', Buffer.from('Content-Length: 201\r\n\r\n')],
    ['a header that does not end', Buffer.from('Content-Length: 1'.padEnd(400))],
    ['another header', Buffer.from('Content-Type: x\r\nContent-Length: 1\r\n\r\n1')],
    ['no number', Buffer.from('Content-Length: 1e9\r\n\r\n1')],
    ['no header', Buffer.from('{"jsonrpc":"2.0"}\r\n\r\n')],
  ])('ends at %s', async (_, bytes) => {
    await expect(bodiesOf([bytes])).rejects.toThrow(RangeError);
  });
});

describe('parseRequest', () => {
  it('takes a request as the client writes it', () => {
    const request = { jsonrpc: '2.0', id: 1, method: 'host', params: { id: 'é\u0000"' } };
    expect(parseRequest(Buffer.from(JSON.stringify(request)))).toEqual(request);
  });

  it.each([
    ['a key twice', '{"jsonrpc":"2.0","id":1,"method":"a","params":{"id":"a","id":"b"}}'],
    ['a blank more', '{"jsonrpc":"2.0","id":1,"method":"a", "params":{}}'],
    ['no parameters', '{"jsonrpc":"2.0","id":1,"method":"a"}'],
    ['no id', '{"jsonrpc":"2.0","method":"a","params":{}}'],
    ['a key more', '{"jsonrpc":"2.0","id":1,"method":"a","params":{},"__proto__":{}}'],
    ['an id that is a text', '{"jsonrpc":"2.0","id":"1","method":"a","params":{}}'],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"a","params":{}}]'],
    ['broken UTF-8', Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff","params":{}}', 'latin1')],
    ['deep nesting', `{"jsonrpc":"2.0","id":1,"method":"a","params":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
    ['nothing', ''],
  ])('takes no message with %s', (_, body) => {
    expect(parseRequest(Buffer.from(body))).toBeUndefined();
  });
});
