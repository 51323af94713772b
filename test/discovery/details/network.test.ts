import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { networkDetails } from '../../../src/discovery/details/network.ts';

const golden = (name: string): string => readFileSync(`test/discovery/golden/net-6.18/${name}`, 'utf8');

it('reads links, addresses, routes and listening sockets', () => {
  expect(networkDetails(golden)).toEqual({
    links: ['lo', 'veth1', 'veth0'],
    addresses: ['10.7.0.1', '127.0.0.1', 'fd00::7', '::1'],
    routes: [
      { to: 'default', via: '10.7.0.9', device: 'veth0' },
      { to: '10.7.0.0/24', via: undefined, device: 'veth0' },
      { to: 'fd00::/64', via: undefined, device: 'veth0' },
    ],
    listening: [
      { protocol: 'tcp', address: '127.0.0.1', port: 8080 },
      { protocol: 'tcp', address: '::1', port: 8081 },
      { protocol: 'udp', address: '0.0.0.0', port: 5353 },
    ],
  });
});

it('has nothing where there is nothing, and throws at no text', () => {
  expect(networkDetails(() => '')).toEqual({ links: [], addresses: [], routes: [], listening: [] });
  const cut = fc.constantFrom('dev', 'fib_trie', 'if_inet6', 'route', 'ipv6_route', 'tcp', 'udp6').chain((name) => {
    const text = golden(name);
    return fc.nat({ max: text.length }).map((length) => text.slice(0, length));
  });
  fc.assert(fc.property(fc.oneof(cut, fc.string({ unit: 'binary' })), (text) => void networkDetails(() => text)));
});
