/** About how many bytes of a message are made at once. */
const PIECE = 65_536;

/** How many elements of an array are written as one. */
const ELEMENTS = 64;

/**
 * A message with its header, in pieces: what is seen of a machine with thousands of processes is some megabytes, and whole it would
 * be in memory several times.
 */
export function framed(message: object): readonly Buffer[] {
  const [first = Buffer.alloc(0), ...rest] = 'result' in message ? pieces(message) : [bytesOf(message)];
  const length = rest.reduce((sum, piece) => sum + piece.length, first.length);
  return [Buffer.concat([Buffer.from(`Content-Length: ${length}\r\n\r\n`), first]), ...rest];
}

function bytesOf(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}

function pieces(message: object): readonly Buffer[] {
  const done: Buffer[] = [];
  let text = '';
  for (const word of wordsOf(message)) {
    text += word;
    if (text.length < PIECE) continue;
    done.push(Buffer.from(text));
    text = '';
  }
  return [...done, Buffer.from(text)];
}

/** As JSON.stringify() writes plain data. */
function* wordsOf(value: unknown): Generator<string> {
  if (Array.isArray(value)) yield* wordsOfArray(value);
  else if (typeof value === 'object' && value !== null) yield* wordsOfObject(value);
  else yield JSON.stringify(value);
}

function* wordsOfArray(array: readonly unknown[]): Generator<string> {
  yield '[';
  for (let start = 0; start < array.length; start += ELEMENTS) {
    if (start > 0) yield ',';
    yield JSON.stringify(array.slice(start, start + ELEMENTS)).slice(1, -1);
  }
  yield ']';
}

function* wordsOfObject(object: object): Generator<string> {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  yield '{';
  for (const [index, [key, value]] of entries.entries()) {
    yield `${index > 0 ? ',' : ''}${JSON.stringify(key)}:`;
    yield* wordsOf(value);
  }
  yield '}';
}
