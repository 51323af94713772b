/**
 * A value of D-Bus: numbers of 8, 32 and 64 bits, a string, a signature, a struct or entry of a dictionary, and an array of those.
 * A variant is its signature with the value after it.
 */
export type Value =
  readonly ['y' | 'u' | 't', number] | readonly ['s' | 'g', string] | readonly ['()' | 'a()', readonly Value[]];

export const CALL = 1;
export const RETURN = 2;
export const ERROR = 3;

/** The fields of a header (D-Bus specification, "Header Fields"). */
export const FIELD = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  sender: 7,
  signature: 8,
};

export type Field = readonly [field: keyof typeof FIELD, type: 'o' | 's' | 'u' | 'g', value: string | number];

/** A message, little-endian. */
export function message(type: number, serial: number, fields: readonly Field[], body: readonly Value[] = []): Buffer {
  const content = marshalled(body);
  const header = marshalled([
    ['y', 'l'.charCodeAt(0)],
    ['y', type],
    ['y', 0],
    ['y', 1],
    ['u', content.length],
    ['u', serial],
    ['a()', fields.map(headerField)],
  ]);
  return Buffer.concat([header, Buffer.alloc(padding(header.length, 8)), content]);
}

/** How long the message is with which some bytes begin; more than there are while its header is not whole. */
export function messageLength(bytes: Buffer): number {
  if (bytes.length < 16) return 16;
  const header = 16 + bytes.readUInt32LE(12);
  return header + padding(header, 8) + bytes.readUInt32LE(4);
}

export function typeOf(bytes: Buffer): number | undefined {
  return bytes[1];
}

export function serialOf(bytes: Buffer): number {
  return bytes.readUInt32LE(8);
}

/** Who has sent a message that came over a bus: a unique name. */
export function senderOf(bytes: Buffer): string {
  const field = bytes.indexOf(Buffer.from([FIELD.sender, 1, 's'.charCodeAt(0), 0]));
  const start = field + 8;
  return bytes.toString('latin1', start, start + bytes.readUInt32LE(field + 4));
}

/** The serial of the message that one is the answer to; undefined where it is none. */
export function replySerialOf(bytes: Buffer): number | undefined {
  const field = bytes.indexOf(Buffer.from([FIELD.replySerial, 1, 'u'.charCodeAt(0), 0]));
  return field < 0 ? undefined : bytes.readUInt32LE(field + 4);
}

function headerField([field, type, value]: Field): Value {
  const of: Value = typeof value === 'number' ? ['u', value] : [type === 'g' ? 'g' : 's', value];
  return ['()', [['y', FIELD[field]], ['g', type], of]];
}

function marshalled(values: readonly Value[]): Buffer {
  const bytes: number[] = [];
  for (const value of values) put(bytes, value);
  return Buffer.from(bytes);
}

const ALIGNMENT = { y: 1, g: 1, u: 4, s: 4, 'a()': 4, t: 8, '()': 8 } as const;

/** Appends a value at its alignment ("Marshalling"). */
function put(bytes: number[], value: Value): void {
  align(bytes, ALIGNMENT[value[0]]);
  switch (value[0]) {
    case 'y':
      bytes.push(value[1]);
      break;
    case 'u':
      bytes.push(...uint32(value[1]));
      break;
    case 't':
      bytes.push(...uint32(value[1] % 2 ** 32), ...uint32(Math.floor(value[1] / 2 ** 32)));
      break;
    case 's':
      bytes.push(...uint32(value[1].length), ...Buffer.from(value[1], 'latin1'), 0);
      break;
    case 'g':
      bytes.push(value[1].length, ...Buffer.from(value[1], 'latin1'), 0);
      break;
    case '()':
      for (const part of value[1]) put(bytes, part);
      break;
    case 'a()':
      putArray(bytes, value[1]);
  }
}

/** The length of an array does not count what aligns its first element. */
function putArray(bytes: number[], elements: readonly Value[]): void {
  const at = bytes.length;
  bytes.push(0, 0, 0, 0);
  align(bytes, 8);
  const start = bytes.length;
  for (const element of elements) put(bytes, element);
  bytes.splice(at, 4, ...uint32(bytes.length - start));
}

function align(bytes: number[], to: number): void {
  bytes.push(...Array.from({ length: padding(bytes.length, to) }, () => 0));
}

function padding(length: number, to: number): number {
  return (to - (length % to)) % to;
}

function uint32(value: number): readonly number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return [...bytes];
}
