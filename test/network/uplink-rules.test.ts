import { expect, it } from 'vitest';
import { parseUplinkSubnet, uplinkAddresses, uplinkLink } from '../../src/model/uplink.ts';
import { parseHostRoutes } from '../../src/network/host-routes.ts';
import { uplinkRules } from '../../src/network/uplink-rules.ts';

const subnet = parseUplinkSubnet('10.9.8.0/30') ?? expect.fail('no subnet');

it('the rules of an uplink, where one of two ways out forwards for it alone', () => {
  const host = {
    links: ['192.0.2.2/24', 'fd00::2/64'],
    gateways: ['192.0.2.1'],
    ways: ['eth0', 'wlan0'],
    forwarding: ['eth0'],
  };
  expect(uplinkRules({ uid: 1000, number: 0, subnet }, host).join('\n')).toMatchInlineSnapshot(`
    "add table inet unshared_1000_0
    delete table inet unshared_1000_0
    table inet unshared_1000_0 {
      set near { type ipv4_addr; flags interval; auto-merge; elements = { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4, 255.255.255.255, 100.100.100.200, 192.0.0.192, 168.63.129.16, 192.0.2.2/24, 192.0.2.1 } }
      chain before {
        type filter hook prerouting priority raw;
        iifname "uns1000-0" ip saddr != 10.9.8.0/30 drop
      }
      chain forward {
        type filter hook forward priority filter;
        iifname "uns1000-0" goto out
        oifname "uns1000-0" iifname { "eth0", "wlan0" } ct state established,related accept
        oifname "uns1000-0" drop
        iifname { "eth0" } ct state established,related accept
        iifname { "eth0" } drop
      }
      chain out {
        ct state invalid drop
        meta nfproto ipv6 goto refused
        oifname != { "eth0", "wlan0" } goto refused
        ip daddr @near goto refused
        ct state new limit rate over 32/second burst 1024 packets goto refused
        ct state new ct count over 1024 goto refused
      }
      chain input {
        type filter hook input priority filter;
        iifname "uns1000-0" ip daddr 10.9.8.1 ct state established accept
        iifname "uns1000-0" goto refused
      }
      chain output {
        type filter hook output priority filter;
        oifname != "uns1000-0" accept
        ct state related accept
        ip saddr != 10.9.8.1 goto refused
        ct state established accept
        meta skuid 1000 accept
        goto refused
      }
      chain translate {
        type nat hook postrouting priority srcnat;
        ip saddr 10.9.8.0/30 oifname { "eth0", "wlan0" } meta l4proto { tcp, udp } masquerade to :61000-65535
        ip saddr 10.9.8.0/30 oifname { "eth0", "wlan0" } masquerade
      }
      chain refused {
        meta l4proto tcp reject with tcp reset
        reject with icmpx admin-prohibited
      }
    }"
  `);
});

it('guards nothing where everything was forwarded before', () => {
  const host = { links: [], gateways: [], ways: ['eth0'], forwarding: [] };
  expect(uplinkRules({ uid: 1000, number: 0, subnet }, host).join('\n')).not.toMatch(/^ *iifname \{/m);
});

it('the longest name of a link is one that the kernel takes', () => {
  expect(uplinkLink({ uid: 2 ** 32 - 2, number: 7 })).toHaveLength(15);
  expect(uplinkAddresses(subnet)).toEqual({ gateway: '10.9.8.1/30', address: '10.9.8.2/30' });
});

it('ways out are those of default routes in all tables, also halved ones and those of several hops', () => {
  const routes = [
    { dst: 'default', gateway: '192.0.2.1', dev: 'eth0' },
    { dst: 'default', dev: 'wg0', table: '51820' },
    { dst: '128.0.0.0/1', dev: 'tun0' },
    { dst: 'default', nexthops: [{ dev: 'eth1' }, { dev: 'eth0' }] },
    ...['x"y', '-n', '.', '..', 'a/b', 'a b', 'x'.repeat(16)].map((dev) => ({ dst: 'default', dev })),
    { type: 'unreachable', dst: 'default', dev: 'lo' },
    { dst: '10.66.0.0/16', dev: 'eth0' },
    { type: 'local', dst: '192.0.2.2', dev: 'eth0' },
  ];
  const addresses = [{ addr_info: [{ local: '10.67.0.1', prefixlen: 24 }] }, {}];
  const { ways, taken } = parseHostRoutes(JSON.stringify(routes), JSON.stringify(addresses));
  expect(ways).toEqual(['eth0', 'wg0', 'tun0', 'eth1']);
  expect(taken.map(({ bits }) => bits)).toEqual([16, 32, 24]);
});
