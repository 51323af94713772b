/** What rtnetlink(7) answers: messages, each with a fixed part and attributes. Numbers are in the byte order of x64 and arm64. */

export interface Message {
  readonly type: number;
  readonly body: Buffer;
}

/** The values of attributes by their number; of a number that comes twice, the last. */
export type Attributes = ReadonlyMap<number, Buffer>;

const HEADER = 16;
const ATTRIBUTE_HEADER = 4;
/** NLA_TYPE_MASK: the two bits above say how the value is written. */
const TYPE_MASK = 0x3fff;

/** The messages of one piece, up to the first that is cut short. */
export function messagesOf(piece: Buffer): readonly Message[] {
  const messages: Message[] = [];
  for (let at = 0; at + HEADER <= piece.length;) {
    const length = piece.readUInt32LE(at);
    if (length < HEADER || at + length > piece.length) break;
    messages.push({ type: piece.readUInt16LE(at + 4), body: piece.subarray(at + HEADER, at + length) });
    at += aligned(length);
  }
  return messages;
}

/** The attributes that follow a fixed part of `start` bytes, up to the first that is cut short. */
export function attributesOf(bytes: Buffer, start = 0): Attributes {
  const attributes = new Map<number, Buffer>();
  for (let at = start; at + ATTRIBUTE_HEADER <= bytes.length;) {
    const length = bytes.readUInt16LE(at);
    if (length < ATTRIBUTE_HEADER || at + length > bytes.length) break;
    attributes.set(bytes.readUInt16LE(at + 2) & TYPE_MASK, bytes.subarray(at + ATTRIBUTE_HEADER, at + length));
    at += aligned(length);
  }
  return attributes;
}

/** An attribute that is a number of 2 or 4 bytes; undefined where it is not there. */
export function numberOf(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  if (value?.length === 4) return value.readUInt32LE();
  return value?.length === 2 ? value.readUInt16LE() : undefined;
}

/** An attribute that is a text with a NUL at its end. */
export function textOf(attributes: Attributes, type: number): string | undefined {
  return attributes.get(type)?.toString('utf8').replace(/\0.*$/s, '');
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
