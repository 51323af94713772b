import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8Of, visible } from '../../src/sandbox/utf8.ts';

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 8 }).map((text) => Buffer.from(text)),
);

describe('the text of bytes', () => {
  it.each([
    ['x\xff.code', 'x\\xFF.code'],
    ['\xc3\xa9\xc3', 'é\\xC3'],
    ['\xc0\x80', '\\xC0\\x80'],
    ['\xed\xa0\x80', '\\xED\\xA0\\x80'],
    ['\xf0\x9f\x98\x80\x05', '😀\x05'],
    ['\xef\xbb\xbfa', '\uFEFFa'],
    ['\xef\xbf\xbd', '\uFFFD'],
    ['', ''],
  ])('%j is shown as %j', (written, shown) => {
    expect(visible(Buffer.from(written, 'latin1'))).toBe(shown);
  });

  it('is there where it stands for these bytes alone', () => {
    fc.assert(
      fc.property(bytes, (one) => {
        const text = utf8Of(one);
        expect(text === undefined || Buffer.from(text).equals(one)).toBe(true);
        expect(text !== undefined).toBe(Buffer.from(Buffer.from(one).toString('utf8')).equals(one));
      }),
    );
  });

  it('is shown as it is where it is there, and with each wrong byte in its digits elsewhere', () => {
    fc.assert(
      fc.property(bytes, (one) => {
        const text = utf8Of(one);
        if (text === undefined) expect(visible(one)).toMatch(/\\x[89A-F][0-9A-F]/);
        else expect(visible(one)).toBe(text);
      }),
    );
  });
});
