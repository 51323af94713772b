import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAnswers } from '../../../src/network/wiring/answers.ts';
import { interfacesOf } from '../../../src/network/wiring/interfaces.ts';
import { attributesOf, messagesOf, textOf } from '../../../src/network/wiring/netlink.ts';

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

/** A message or an attribute: its length, its type, and what it holds, filled up to four bytes. */
function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(4 + value.length);
  head.writeUInt16LE(type, 2);
  return padded(Buffer.concat([head, value]));
}

function message(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(16 + body.length);
  head.writeUInt16LE(type, 4);
  return padded(Buffer.concat([head, body]));
}

const padded = (all: Buffer): Buffer => Buffer.concat([all, Buffer.alloc(-all.length & 3)]);

describe('messages and attributes', () => {
  it('come back as they were written, however many there are', () => {
    const entry = fc.tuple(fc.integer({ min: 0, max: 0x3fff }), bytes);
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ([type]) => type }), (entries) => {
        const written = Buffer.concat(entries.map(([type, value]) => attribute(type, value)));
        const [read] = messagesOf(message(16, written));
        expect([...attributesOf(read?.body ?? Buffer.alloc(0))]).toEqual(entries);
      }),
    );
  });

  it('never throw and never run over the end, whatever the bytes are', () => {
    fc.assert(
      fc.property(bytes, (piece) => {
        for (const { body } of messagesOf(piece)) expect(body.length).toBeLessThanOrEqual(piece.length);
        for (const value of attributesOf(piece).values()) expect(value.length).toBeLessThanOrEqual(piece.length);
        interfacesOf([piece, message(16, piece), message(20, piece)]);
      }),
    );
  });

  it('end a text at its NUL', () => {
    expect(textOf(attributesOf(attribute(3, Buffer.from('eth0\0junk'))), 3)).toBe('eth0');
  });
});

describe('the answers of the script', () => {
  it('tell each network apart, and why one could not be entered', () => {
    const link = Buffer.alloc(16);
    link.writeInt32LE(2, 4);
    const piece = message(16, Buffer.concat([link, attribute(3, Buffer.from('<b>\0'))])).toString('hex');
    const answers = parseAnswers(`N 4\nM ${piece}\nI 5 0\nN 5\nE Operation not permitted\n`);
    expect(answers.get('4')?.interfaces.map(({ name, index }) => [name, index])).toEqual([['<b>', 2]]);
    expect([...(answers.get('4')?.numbers ?? [])]).toEqual([[0, '5']]);
    expect(answers.get('5')?.unread).toBe('Operation not permitted');
  });

  it('are read whatever they say', () => {
    const line = fc
      .tuple(fc.constantFrom('N', 'M', 'I', 'E', ''), fc.string())
      .map(([mark, text]) => `${mark} ${text}`);
    fc.assert(fc.property(fc.array(line), (lines) => void parseAnswers(lines.join('\n'))));
  });
});
