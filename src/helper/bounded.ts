import { Transform, type Readable } from 'node:stream';

const HEADER_END = '\r\n\r\n';
const MAX_HEADER = 256;

/**
 * Passes JSON-RPC messages on (a header with Content-Length, then the body), and destroys the stream at the first one
 * whose header is not plain or whose body is longer than `most` bytes: the reader behind it would keep all of it in memory.
 */
export function boundedMessages(input: Readable, most: number): Transform {
  const follow = messageFollower(most);
  const bounded = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(follow(chunk) ? null : new RangeError('a message is too long or has no plain header'), chunk);
    },
  });
  input.on('error', (error) => bounded.destroy(error));
  return input.pipe(bounded);
}

/** Follows the messages chunk by chunk; false at the first that is not to be read. */
function messageFollower(most: number): (chunk: Buffer) => boolean {
  let header = '';
  let bodyLeft = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length;) {
      if (bodyLeft > 0) {
        const taken = Math.min(bodyLeft, chunk.length - at);
        bodyLeft -= taken;
        at += taken;
        continue;
      }
      header += String.fromCharCode(chunk[at++] ?? 0);
      if (header.length > MAX_HEADER) return false;
      if (!header.endsWith(HEADER_END)) continue;
      const length = contentLength(header);
      if (length === undefined || length > most) return false;
      bodyLeft = length;
      header = '';
    }
    return true;
  };
}

function contentLength(header: string): number | undefined {
  const match = /^Content-Length: (\d{1,9})\r\n\r\n$/.exec(header);
  return match ? Number(match[1]) : undefined;
}
