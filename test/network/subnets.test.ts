import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInNetworkOf, overlap, parseCidr, type Cidr } from '../../src/network/subnets.ts';

const cidr = (text: string): Cidr => parseCidr(text) ?? expect.fail(text);

describe('parseCidr', () => {
  it.each(['10.0.0.1', '10.0.0.1/33', '10.0.0/8', 'fd00::1/129', 'fe80::1%eth0/64', '/24', 'x/1', '10.0.0.1/-1'])(
    'takes no %s',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );

  it('takes every address with a prefix length', () => {
    const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }));
    const v6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }));
    fc.assert(
      fc.property(fc.oneof(v4, v6), ([address, bits]) => {
        expect(parseCidr(`${address}/${bits}`)).toMatchObject({ address: address.toLowerCase(), bits });
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCidr(text)));
  });
});

describe('networks', () => {
  it('are told apart by their prefix', () => {
    expect(isInNetworkOf(cidr('10.0.0.2/24'), cidr('10.0.0.1/24'))).toBe(true);
    expect(isInNetworkOf(cidr('10.0.1.2/24'), cidr('10.0.0.1/24'))).toBe(false);
    expect(isInNetworkOf(cidr('fd00::2/64'), cidr('10.0.0.1/8'))).toBe(false);
  });

  it('overlap also where one holds the other', () => {
    expect(overlap(cidr('10.0.0.1/8'), cidr('10.9.0.1/24'))).toBe(true);
    expect(overlap(cidr('10.9.0.1/24'), cidr('10.0.0.1/8'))).toBe(true);
    expect(overlap(cidr('10.9.0.1/24'), cidr('10.9.1.1/24'))).toBe(false);
  });
});
