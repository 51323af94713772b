import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstFree,
  formatAddress,
  formatSubnet,
  isForHosts,
  overlaps,
  parseAddress,
  parsePrefixed,
  parseSubnet,
  type Subnet,
} from '../../src/model/subnet.ts';

const subnet = (text: string): Subnet => {
  const found = parseSubnet(text);
  if (found === undefined) throw new Error(`${text} is no subnet`);
  return found;
};

describe('addresses', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['fd00:0:0:0:0:0:0:1', 'fd00::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['2001:DB8::A', '2001:db8::a'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['10:0:0:0:1:0:0:10', '10::1:0:0:10'],
  ])('%s is written %s', (text, written) => {
    expect(formatAddress(parseAddress(text) ?? { version: 4, value: 0n })).toBe(written);
  });

  it.each(['', '10.0.0', '10.0.0.256', 'fe80::1%eth0', '10.0.0.1/24', ':::', 'localhost'])('%j is none', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('are read as they are written', () => {
    const address = fc.oneof(
      fc.record({ version: fc.constant(4 as const), value: fc.bigInt(0n, (1n << 32n) - 1n) }),
      fc.record({ version: fc.constant(6 as const), value: fc.bigInt(0n, (1n << 128n) - 1n) }),
      fc.record({
        version: fc.constant(6 as const),
        value: fc
          .array(fc.constantFrom(0n, 0n, 1n, 0x10n, 0xffffn), { minLength: 8, maxLength: 8 })
          .map((groups) => groups.reduce<bigint>((all, one) => (all << 16n) | one, 0n)),
      }),
    );
    fc.assert(
      fc.property(address, (one) => {
        expect(parseAddress(formatAddress(one))).toEqual(one);
      }),
    );
  });

  it('have a prefix or none', () => {
    expect(parsePrefixed('10.0.0.1/24')?.bits).toBe(24);
    expect(parsePrefixed('10.0.0.1')?.bits).toBeUndefined();
    for (const text of ['10.0.0.1/33', '10.0.0.1/', '10.0.0.1/024', 'fd00::1/129', '10.0.0.1/8/8'])
      expect(parsePrefixed(text)).toBeUndefined();
  });
});

describe('subnets', () => {
  it('have no bit after the prefix', () => {
    expect(formatSubnet(subnet('10.0.0.0/24'))).toBe('10.0.0.0/24');
    expect(formatSubnet(subnet('FD00:1::/64'))).toBe('fd00:1::/64');
    for (const text of ['10.0.0.1/24', '10.0.0.0', 'fd00::1/64', '10.0.0.0/33'])
      expect(parseSubnet(text)).toBeUndefined();
  });

  it.each([
    ['10.0.0.0/24', '10.0.0.0/25', true],
    ['10.0.0.0/8', '10.77.0.0/16', true],
    ['10.0.0.0/24', '10.0.1.0/24', false],
    ['fd00::/64', 'fd00::/48', true],
    ['::/96', '0.0.0.0/24', false],
  ])('%s and %s: overlap %s', (one, other, expected) => {
    expect(overlaps(subnet(one), subnet(other))).toBe(expected);
    expect(overlaps(subnet(other), subnet(one))).toBe(expected);
  });

  it('keep their first address, and of IPv4 the last one', () => {
    const isFree = (network: string, address: string) =>
      isForHosts(subnet(network), parseAddress(address) ?? { version: 4, value: 0n });
    expect(
      ['10.0.0.0', '10.0.0.1', '10.0.0.254', '10.0.0.255', '10.0.1.1'].map((one) => isFree('10.0.0.0/24', one)),
    ).toEqual([false, true, true, false, false]);
    expect(['fd00::', 'fd00::1', 'fd00::ffff'].map((one) => isFree('fd00::/112', one))).toEqual([false, true, true]);
  });

  it('give the first address that is free, or none', () => {
    expect(firstFree(subnet('10.0.0.0/24'), new Set())).toBe('10.0.0.1');
    expect(firstFree(subnet('10.0.0.0/30'), new Set(['10.0.0.1']))).toBe('10.0.0.2');
    expect(firstFree(subnet('10.0.0.0/30'), new Set(['10.0.0.1', '10.0.0.2']))).toBeUndefined();
    expect(firstFree(subnet('fd00::/64'), new Set(['fd00::1']))).toBe('fd00::2');
  });
});
