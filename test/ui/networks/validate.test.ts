import { describe, expect, it } from 'vitest';
import type { WiredNetwork } from '../../../src/model/wiring.ts';
import { parseSubnet } from '../../../src/model/subnet.ts';
import {
  faultOfAddress,
  faultOfLinkName,
  faultOfNetworkName,
  faultOfUplinkSubnet,
  freeAddress,
  freeLinkName,
  freeUplinkSubnet,
  nextAddress,
} from '../../../src/ui/networks/validate.ts';
import { face, wired } from './wirings.ts';

const network: WiredNetwork = wired(1, { kind: 'named', name: 'n1' }, [
  face(1, 'lo', { kind: 'loopback', addresses: ['127.0.0.1/8'] }),
  face(2, 'veth0', { addresses: ['10.0.0.1/24'] }),
]);

describe('names', () => {
  it.each(['', 'A', 'a b', '../n', '-n', '--', 'n'.repeat(33)])('of networks are not %o', (name) => {
    expect(faultOfNetworkName(name, [])).toMatch(/Use up to 32/);
  });

  it('of networks are given once', () => {
    expect(faultOfNetworkName('n1', ['n1'])).toBe('There is a network namespace n1 already.');
    expect(faultOfNetworkName('n2', ['n1'])).toBeUndefined();
  });

  it('of interfaces have at most 15 characters, and are given once in a network', () => {
    expect(faultOfLinkName('abcdefghijklmnop', network)).toMatch(/at most 15/);
    expect(faultOfLinkName('-a', network)).toMatch(/begin with/);
    expect(faultOfLinkName('veth0', network)).toBe('n1 has an interface veth0 already.');
    expect(faultOfLinkName('veth1', network)).toBeUndefined();
    expect(freeLinkName(network)).toBe('veth1');
  });
});

describe('addresses', () => {
  it.each([
    ['10.0.0.1', /prefix length/],
    ['10.0.0.1/24', /veth0 has the address/],
    ['10.0.0.9/16', /overlaps with 10\.0\.0\.1\/24 of veth0/],
  ])('%s is refused', (text, why) => {
    expect(faultOfAddress(text, network, 'veth1', undefined)).toMatch(why);
  });

  it('of the other end of a link are in the same network, and another', () => {
    expect(faultOfAddress('10.2.0.2/24', undefined, 'veth1', '10.1.0.1/24')).toMatch(/outside of the network/);
    expect(faultOfAddress('10.1.0.1/24', undefined, 'veth1', '10.1.0.1/24')).toMatch(/of the other end already/);
    expect(faultOfAddress('10.1.0.2/24', undefined, 'veth1', '10.1.0.1/24')).toBeUndefined();
    expect(faultOfAddress('fd00::2/64', undefined, 'veth1', '10.1.0.1/24')).toBeUndefined();
  });

  it('may be several of one interface', () => {
    expect(faultOfAddress('10.0.0.2/24', network, 'veth0', undefined)).toBeUndefined();
  });

  it('are suggested where none is yet', () => {
    expect(freeAddress([])).toBe('10.0.0.1/24');
    expect(freeAddress([network])).toBe('10.0.1.1/24');
  });

  it('are suggested one after the other', () => {
    expect(nextAddress('10.0.0.1/24')).toBe('10.0.0.2/24');
    expect(nextAddress('10.0.0.254/24')).toBe('');
    expect(nextAddress('fd00::1/64')).toBe('');
  });
});

describe('subnets of ways out', () => {
  const taken = ['10.213.0.0/16', '192.168.1.0/24'].map((text) => parseSubnet(text) ?? expect.fail());

  it.each(['10.0.0.0/8', '8.8.8.0/24', '10.0.0.1/24', '10.0.0.0/31', ''])('are not %o', (text) => {
    expect(faultOfUplinkSubnet(text, [])).toMatch(/private network of 4 to 256 .* bits after the prefix must be zero/);
  });

  it('are nowhere on the host, and suggested where nobody is', () => {
    expect(faultOfUplinkSubnet('192.168.1.128/25', taken)).toBe(
      'This host has a route or an address in 192.168.1.0/24 already.',
    );
    expect(faultOfUplinkSubnet('192.168.2.0/24', taken)).toBeUndefined();
    expect(freeUplinkSubnet([], [])).toBe('10.213.0.0/24');
    expect(freeUplinkSubnet(taken.slice(1), ['10.213.0.2/24', 'fd00::1/64'])).toBe('10.213.1.0/24');
    expect(freeUplinkSubnet(taken, [])).toBe('');
  });
});
