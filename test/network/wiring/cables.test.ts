import { describe, expect, it } from 'vitest';
import { cablesOf, type NumberedNetwork } from '../../../src/network/wiring/cables.ts';
import type { RawInterface } from '../../../src/network/wiring/interfaces.ts';

function face(index: number, kind: string, parts: Partial<RawInterface> = {}): RawInterface {
  return {
    index,
    name: `${kind}${index}`,
    kind,
    up: true,
    carrier: true,
    mac: undefined,
    mtu: 1500,
    addresses: [],
    detail: undefined,
    master: undefined,
    link: undefined,
    linkNetwork: undefined,
    ...parts,
  };
}

function network(
  inode: number,
  interfaces: readonly RawInterface[],
  numbers: readonly (readonly [number, number])[] = [],
): NumberedNetwork {
  return { inode, interfaces, numbers: new Map(numbers) };
}

describe('cablesOf', () => {
  it('joins the two ends of a veth pair once', () => {
    const one = network(10, [face(2, 'veth', { link: 3, linkNetwork: 0 })], [[0, 20]]);
    const other = network(20, [face(3, 'veth', { link: 2, linkNetwork: 7 })], [[7, 10]]);
    expect(cablesOf([one, other])).toEqual([
      { kind: 'veth', from: { network: 10, index: 2 }, to: { network: 20, index: 3 } },
    ]);
  });

  it('is not misled by the same numbers in another network', () => {
    const one = network(10, [face(2, 'veth', { link: 3, linkNetwork: 0 })], [[0, 30]]);
    const lookalike = network(20, [face(3, 'veth', { link: 2, linkNetwork: 0 })]);
    const right = network(30, [face(3, 'veth', { link: 2, linkNetwork: 0 })], [[0, 10]]);
    expect(cablesOf([one, lookalike, right])).toEqual([
      { kind: 'veth', from: { network: 10, index: 2 }, to: { network: 30, index: 3 } },
      { kind: 'veth', from: { network: 20, index: 3 }, to: undefined },
    ]);
  });

  it('says of an end that cannot be seen that there is one', () => {
    const one = network(10, [face(2, 'veth', { link: 9, linkNetwork: 4 })]);
    expect(cablesOf([one])).toEqual([{ kind: 'veth', from: { network: 10, index: 2 }, to: undefined }]);
  });

  it('knows ports of a bridge, both ends in one network, and what is made upon another', () => {
    const hub = network(10, [
      face(2, 'bridge'),
      face(3, 'veth', { master: 2, link: 4 }),
      face(4, 'veth', { link: 3 }),
      face(5, 'vlan', { link: 4 }),
      face(6, 'ipip', { link: 0 }),
    ]);
    const away = network(20, [face(2, 'macvlan', { link: 4, linkNetwork: 0 })], [[0, 10]]);
    expect(cablesOf([hub, away]).map(({ kind, from, to }) => [kind, from.index, to?.index])).toEqual([
      ['port', 3, 2],
      ['veth', 3, 4],
      ['upon', 5, 4],
      ['upon', 2, 4],
    ]);
  });
});
