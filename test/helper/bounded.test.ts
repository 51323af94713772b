import fc from 'fast-check';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { boundedMessages } from '../../src/helper/bounded.ts';

const message = (body: string): Buffer => Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);

describe('boundedMessages', () => {
  it('passes messages on as they are, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 40 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 30 }),
        async (bodies, size) => {
          const all = Buffer.concat(bodies.map(message));
          const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
            all.subarray(index * size, (index + 1) * size),
          );
          expect(await buffer(boundedMessages(Readable.from(chunks), 200))).toEqual(all);
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
    await expect(buffer(boundedMessages(Readable.from([bytes]), 200))).rejects.toThrow(RangeError);
  });
});
