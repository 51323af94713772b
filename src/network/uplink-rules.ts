import { formatSubnet } from '../model/subnet.ts';
import { uplinkLink, uplinkTable, type Uplink } from '../model/uplink.ts';
import { nearSet, REFUSED } from './filter.ts';
import type { HostNetwork } from './host-network.ts';

/** The host around an uplink. */
export interface UplinkHost extends Pick<HostNetwork, 'links' | 'gateways'> {
  /** The interfaces by which packets may leave. */
  readonly ways: readonly string[];
  /** Of these, those that forward only because of uplinks. */
  readonly forwarding: readonly string[];
}

/** How many connections one uplink has at the same time: the kernel's table of them is everybody's (nf_conntrack_max). */
export const MOST_CONNECTIONS = 1024;

/**
 * The rules of nft(8) for an uplink: a table of its own, which replaces one of that name. Who is at the other end is not trusted:
 * answers alone come in; nothing gets to this host, its links and gateways, or out under an address that is not of the subnet. Only
 * processes of its user may begin to talk to it: others would mean somebody else who has that address behind the router.
 * An interface that forwards only because of uplinks forwards nothing else.
 */
export function uplinkRules(uplink: Uplink, host: UplinkHost): readonly string[] {
  const [link, table] = [`"${uplinkLink(uplink)}"`, `inet ${uplinkTable(uplink)}`];
  const [subnet, ways] = [formatSubnet(uplink.subnet), anyOf(host.ways)];
  return [
    `add table ${table}`,
    `delete table ${table}`,
    `table ${table} {`,
    nearSet(host),
    '  chain forward {',
    '    type filter hook forward priority filter;',
    `    iifname ${link} goto out`,
    `    oifname ${link} ct state established,related accept`,
    `    oifname ${link} drop`,
    ...guard(host.forwarding),
    '  }',
    '  chain out {',
    `    ip saddr != ${subnet} drop`,
    '    meta nfproto ipv6 goto refused',
    `    oifname != ${ways} goto refused`,
    '    ip daddr @near goto refused',
    `    ct state new ct count over ${MOST_CONNECTIONS} goto refused`,
    '  }',
    '  chain input {',
    '    type filter hook input priority filter;',
    `    iifname ${link} ip saddr ${subnet} ct state established accept`,
    `    iifname ${link} goto refused`,
    '  }',
    '  chain output {',
    '    type filter hook output priority filter;',
    `    oifname != ${link} accept`,
    '    ct state established,related accept',
    `    meta skuid ${uplink.uid} accept`,
    '    goto refused',
    '  }',
    '  chain translate {',
    '    type nat hook postrouting priority srcnat;',
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
