import { formatSubnet, withoutPrefix } from '../model/subnet.ts';
import { uplinkAddresses, uplinkLink, uplinkTable, type Uplink } from '../model/uplink.ts';
import { nearSet, REFUSED } from './filter.ts';
import type { HostNetwork } from './host-network.ts';

/** The host around an uplink. */
export interface UplinkHost extends Pick<HostNetwork, 'links' | 'gateways'> {
  /** The interfaces by which packets may leave. */
  readonly ways: readonly string[];
  /** Of these, those that forward only because of uplinks. */
  readonly forwarding: readonly string[];
}

/** Of nobody else on the host: who had one of a service there would get what is sent to that (ip_local_port_range of the kernel). */
const OWN_PORTS = '61000-65535';

/** How many connections one uplink has at the same time: the kernel's table of them is everybody's (nf_conntrack_max). */
const MOST_CONNECTIONS = 1024;

/** In a second, once it has begun as many: those that have ended are not counted, but stay in the table for two minutes. */
const MOST_NEW = 32;

/** How much of that table one uplink can fill. */
export const MOST_TRACKED = 2 * MOST_CONNECTIONS + 120 * MOST_NEW;

/**
 * The rules of nft(8) for an uplink: a table of its own, which replaces one of that name. Who is at the other end is not trusted:
 * answers alone come in; nothing gets to this host, its links and gateways, or out under an address that is not of the subnet. Only
 * processes of its user may begin to talk to it: others would mean somebody else who has that address behind the router.
 * An interface that forwards only because of uplinks forwards nothing else.
 */
export function uplinkRules(uplink: Uplink, host: UplinkHost): readonly string[] {
  const [link, table] = [`"${uplinkLink(uplink)}"`, `inet ${uplinkTable(uplink)}`];
  const [subnet, ways] = [formatSubnet(uplink.subnet), anyOf(host.ways)];
  const gateway = withoutPrefix(uplinkAddresses(uplink.subnet).gateway);
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    nearSet(host),
    '  chain before {',
    '    type filter hook prerouting priority raw;',
    `    iifname ${link} ip saddr != ${subnet} drop`,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority filter;',
    `    iifname ${link} goto out`,
    `    oifname ${link} iifname ${ways} ct state established,related accept`,
    `    oifname ${link} drop`,
    ...guard(host.forwarding),
    '  }',
    '  chain out {',
    '    ct state invalid drop',
    '    meta nfproto ipv6 goto refused',
    `    oifname != ${ways} goto refused`,
    '    ip daddr @near goto refused',
    `    ct state new limit rate over ${MOST_NEW}/second burst ${MOST_CONNECTIONS} packets goto refused`,
    `    ct state new ct count over ${MOST_CONNECTIONS} goto refused`,
    '  }',
    '  chain input {',
    '    type filter hook input priority filter;',
    `    iifname ${link} ip daddr ${gateway} ct state established accept`,
    `    iifname ${link} goto refused`,
    '  }',
    '  chain output {',
    '    type filter hook output priority filter;',
    `    oifname != ${link} accept`,
    '    ct state related accept',
    `    ip saddr != ${gateway} goto refused`,
    '    ct state established accept',
    `    meta skuid ${uplink.uid} accept`,
    '    goto refused',
    '  }',
    '  chain translate {',
    '    type nat hook postrouting priority srcnat;',
    `    ip saddr ${subnet} oifname ${ways} meta l4proto { tcp, udp } masquerade to :${OWN_PORTS}`,
    `    ip saddr ${subnet} oifname ${ways} masquerade`,
    '  }',
    ...REFUSED,
    '}',
  ];
}

function guard(interfaces: readonly string[]): readonly string[] {
  if (interfaces.length === 0) return [];
  const from = `    iifname ${anyOf(interfaces)}`;
  return [`${from} ct state established,related accept`, `${from} drop`];
}

function anyOf(interfaces: readonly string[]): string {
  return `{ ${interfaces.map((name) => `"${name}"`).join(', ')} }`;
}
