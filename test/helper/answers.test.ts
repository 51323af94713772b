import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framed } from '../../src/helper/answers.ts';

const whole = (message: object): string => {
  const body = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
};

describe('framed', () => {
  it('is the message as JSON, behind the number of its bytes', () => {
    const value = fc.oneof(fc.jsonValue(), fc.record({ a: fc.string(), b: fc.option(fc.nat(), { nil: undefined }) }));
    fc.assert(
      fc.property(value, fc.constantFrom('result', 'error'), (of, key) => {
        const message = { jsonrpc: '2.0', id: 1, [key]: of };
        expect(Buffer.concat(framed(message)).toString()).toBe(whole(message));
      }),
    );
  });

  it('comes in small pieces where much was seen', () => {
    const processes = Array.from({ length: 5000 }, (_, pid) => ({ pid, command: 'é'.repeat(100), cgroup: undefined }));
    const message = { result: { processes, tree: { children: processes } } };
    const pieces = framed(message);
    expect(Buffer.concat(pieces).toString()).toBe(whole(message));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(256 * 1024);
  });
});
