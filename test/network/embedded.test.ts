import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, formatAddress, parseAddress, parseSubnet, subnetAround } from '../../src/model/subnet.ts';
import { embeddedNetworks } from '../../src/network/embedded.ts';

const WHOLE = ['::/96', '::ffff:0:0/96', '::ffff:0:0:0/96', '64:ff9b:1::/48', '2001::/32'];

const addresses = fc.ipV4();
const word = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));

/** The forms of one address of IPv4, written by hand, with anything where anything may stand. */
const forms = (address: string): fc.Arbitrary<string> => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const pair = (one: number, other: number): string => ((one << 8) | other).toString(16);
  const [high, low] = [pair(a, b), pair(c, d)];
  const words = fc.array(word, { minLength: 5, maxLength: 5 });
  return words.chain((any) =>
    fc.constantFrom(
      `64:ff9b::${address}`,
      `2002:${high}:${low}:${any.join(':')}`,
      `::${address}`,
      `::ffff:${address}`,
      `::ffff:0:${address}`,
      `64:ff9b:1:${any.slice(0, 3).join(':')}:${address}`,
      `64:ff9b:1:${high}:${pair(0, c)}:${pair(d, 0)}:${any.slice(0, 2).join(':')}`,
      `2001:0:${any.slice(0, 4).join(':')}:${pair(~a & 255, ~b & 255)}:${pair(~c & 255, ~d & 255)}`,
    ),
  );
};

function closes(networks: readonly string[], address: string): boolean {
  const parsed = parseAddress(address) ?? expect.fail(`${address} is no address`);
  return networks.some((network) => contains(parseSubnet(network) ?? expect.fail(`${network} is no network`), parsed));
}

describe('the networks of IPv6 that lead to networks of IPv4', () => {
  it.each([
    ['127.0.0.0/8', ['64:ff9b::7f00:0/104', '2002:7f00::/24']],
    ['169.254.0.0/16', ['64:ff9b::a9fe:0/112', '2002:a9fe::/32']],
    ['224.0.0.0/4', ['64:ff9b::e000:0/100', '2002:e000::/20']],
    ['0.0.0.0/8', ['64:ff9b::/104', '2002::/24']],
    ['0.0.0.0/0', ['64:ff9b::/96', '2002::/16']],
    ['255.255.255.255', ['64:ff9b::ffff:ffff/128', '2002:ffff:ffff::/48']],
    ['10.77.0.2/24', ['64:ff9b::a4d:0/120', '2002:a4d::/40']],
    ['10.77.0.1', ['64:ff9b::a4d:1/128', '2002:a4d:1::/48']],
    ['192.0.2.1/31', ['64:ff9b::c000:200/127', '2002:c000:200::/47']],
  ])('%s', (network, expected) => {
    expect(embeddedNetworks([network])).toEqual([...WHOLE, ...expected]);
  });

  it.each([[[]], [['fd00::1/64', 'fe80::1', 'localhost', '']]])(
    '%j has none but those that are closed whole',
    (none) => {
      expect(embeddedNetworks(none)).toEqual(WHOLE);
    },
  );

  it('are told once, whatever names them', () => {
    expect(embeddedNetworks(['10.77.0.2/24', '10.77.0.9/24', '10.77.0.0/24'])).toHaveLength(WHOLE.length + 2);
  });

  it('hold every form of every address in it', () => {
    const closed = fc.tuple(addresses, fc.integer({ min: 0, max: 32 }), fc.nat({ max: 2 ** 32 - 1 }));
    fc.assert(
      fc.property(
        closed.chain(([address, bits, other]) => {
          const network = subnetAround(parseAddress(address) ?? expect.fail(), bits);
          const inside = formatAddress({
            version: 4,
            value: network.value + (BigInt(other) % (1n << BigInt(32 - bits))),
          });
          return fc.tuple(fc.constant(`${address}/${bits}`), forms(inside));
        }),
        ([network, address]) => {
          expect(closes(embeddedNetworks([network]), address), `${network} ${address}`).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('hold no form of NAT64 or 6to4 of an address that is in none, and nothing else', () => {
    fc.assert(
      fc.property(addresses, fc.integer({ min: 0, max: 32 }), addresses, (address, bits, other) => {
        const network = subnetAround(parseAddress(address) ?? expect.fail(), bits);
        const isIn = contains(network, parseAddress(other) ?? expect.fail());
        const networks = embeddedNetworks([`${address}/${bits}`]);
        const [a = 0, b = 0, c = 0, d = 0] = other.split('.').map(Number);
        const sixToFour = `2002:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}::1`;
        for (const form of [`64:ff9b::${other}`, sixToFour]) expect(closes(networks, form), form).toBe(isIn);
        expect(closes(networks, `2001:db8::${other}`)).toBe(false);
      }),
    );
  });
});
