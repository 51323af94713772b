import type { Readable } from 'node:stream';
import * as v from 'valibot';

const HEADER_END = '\r\n\r\n';
const LONGEST_HEADER = 256;

/** A request as the client writes it, and nothing else: no notification, no batch, no answer. */
const REQUEST = v.strictObject({
  jsonrpc: v.literal('2.0'),
  id: v.pipe(v.number(), v.safeInteger()),
  method: v.pipe(v.string(), v.maxLength(64)),
  params: v.unknown(),
});

export type Request = v.InferOutput<typeof REQUEST>;

/** The body of a message as a request; undefined for anything that the client never writes. */
export function parseRequest(body: Buffer): Request | undefined {
  try {
    const message: unknown = JSON.parse(body.toString('utf8'));
    // Written again it must be the same, so that no reader understands it in another way: no key twice, no broken UTF-8.
    if (!Buffer.from(JSON.stringify(message)).equals(body)) return undefined;
    const request = v.safeParse(REQUEST, message);
    return request.success ? request.output : undefined;
  } catch {
    return undefined; // no JSON, or nested too deeply
  }
}

/**
 * The bodies of messages, each after a header with its Content-Length. The next is read only when it is asked for, so that a
 * client which writes without end is held up by its own pipe.
 * @throws RangeError at the first message whose header is not plain or whose body is longer than `most` bytes.
 */
export async function* messageBodies(input: Readable, most: number): AsyncGenerator<Buffer> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of input as AsyncIterable<Buffer>) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      const frame = firstFrame(pending, most);
      if (frame === undefined) break;
      yield pending.subarray(frame.start, frame.end);
      pending = pending.subarray(frame.end);
    }
  }
}

/** Where the body of the first message is; undefined while not all of it is there. */
function firstFrame(bytes: Buffer, most: number): { readonly start: number; readonly end: number } | undefined {
  const header = bytes.toString('latin1', 0, LONGEST_HEADER);
  const headerEnd = header.indexOf(HEADER_END);
  if (headerEnd < 0 && header.length < LONGEST_HEADER) return undefined;
  const [, digits] = /^Content-Length: (\d{1,9})$/.exec(header.slice(0, Math.max(headerEnd, 0))) ?? [];
  if (digits === undefined || Number(digits) > most)
    throw new RangeError('a message is too long or has no plain header');
  const start = headerEnd + HEADER_END.length;
  const end = start + Number(digits);
  return end > bytes.length ? undefined : { start, end };
}
