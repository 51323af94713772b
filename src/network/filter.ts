import { isIPv6 } from 'node:net';
import { withoutPrefix } from '../model/subnet.ts';
import { embeddedNetworks } from './embedded.ts';
import type { HostNetwork } from './host-network.ts';

/** Addresses that no way out reaches, on any machine: this host, link-local and multicast networks (RFC 6890). */
const NEVER = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '255.255.255.255'] as const;
const NEVER6 = ['fe80::/10', 'ff00::/8'] as const;

/** Where clouds hand out credentials beside 169.254.0.0/16: Alibaba, Oracle, Azure; Amazon. */
const METADATA = ['100.100.100.200', '192.0.0.192', '168.63.129.16'] as const;
const METADATA6 = ['fd00:ec2::254'] as const;

/**
 * The rules of nft(8) for a sandbox's network namespace. A route that prohibits would not do: a socket that is bound to the
 * device (SO_BINDTODEVICE of socket(7)) is sent on whatever the routes say. Only what answers a connection from outside
 * (a published port) may go to where nothing may be asked.
 */
export function filterRules(host: HostNetwork): readonly string[] {
  return [
    'table inet sandbox {',
    ...nearSets(host),
    '  chain out {',
    '    type filter hook output priority filter;',
    '    oifname "lo" accept',
    '    ct state established,related accept',
    '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
    ...REFUSE_NEAR,
    '  }',
    ...REFUSED,
    '}',
  ];
}

/**
 * The rules for a sandbox in a lab with ports: through their link goes what answers what came through it, and nothing else. That a
 * connection is established would not do: another sandbox can send from whatever address it wants answered. What comes through the
 * link seems to come from its other end: so who answers does it from the address of this end, whatever other routes there are.
 */
export function portRules({ device, address, address6 }: PortsLink): readonly string[] {
  return [
    'table inet ports {',
    '  chain in {',
    '    type filter hook input priority filter;',
    `    iifname "${device}" ct mark set 1`,
    '  }',
    '  chain out {',
    '    type filter hook output priority filter;',
    `    oifname != "${device}" accept`,
    '    ct mark 1 accept',
    '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
    '    goto refused',
    '  }',
    '  chain between {',
    '    type filter hook forward priority filter;',
    `    iifname "${device}" drop`,
    `    oifname "${device}" goto refused`,
    '  }',
    '  chain from {',
    '    type nat hook input priority 100;',
    `    iifname "${device}" snat ip to ${address}`,
    `    iifname "${device}" snat ip6 to ${address6}`,
    '  }',
    ...REFUSED,
    '}',
  ];
}

/** A link through which ports lead: its name, and the addresses of its other end. */
interface PortsLink {
  readonly device: string;
  readonly address: string;
  readonly address6: string;
}

/**
 * The rules for the hub of a lab, in place of those that are there. Out goes what comes from a bridge with a way out and from an
 * address of its own network; back comes what answers. Nothing else passes, and nobody reaches the hub. What has a wrong source is
 * dropped before the kernel looks where it leads: whom that names would get what the kernel says of it. The chain `wires` has a rule
 * for each such bridge; they are added where it is known which these are.
 */
export function hubRules(host: HostNetwork, device: string): readonly string[] {
  return [
    'table inet lab',
    'delete table inet lab',
    'table inet lab {',
    ...nearSets(host),
    '  chain wires {',
    '  }',
    '  chain before {',
    '    type filter hook prerouting priority raw; policy drop;',
    `    iifname { "lo", "${device}" } accept`,
    '    ip6 saddr { ::, fe80::/10 } icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
    '    jump wires',
    '  }',
    '  chain between {',
    '    type filter hook forward priority filter; policy drop;',
    `    iifname "${device}" ct state established,related accept`,
    `    iifname "${device}" drop`,
    `    oifname "${device}" goto out`,
    '    goto refused',
    '  }',
    '  chain out {',
    ...REFUSE_NEAR,
    '    accept',
    '  }',
    '  chain in {',
    '    type filter hook input priority filter; policy drop;',
    '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
    `    iifname != "${device}" goto refused`,
    '  }',
    ...REFUSED,
    '  chain translate {',
    '    type nat hook postrouting priority srcnat;',
    `    oifname "${device}" masquerade`,
    '  }',
    '}',
  ];
}

function nearSets(host: Near): readonly string[] {
  return [nearSet(host), nearSet6(host)];
}

/** A set of nft(8), `near`, with the addresses of IPv4 to which no way out leads. */
export function nearSet(host: Near): string {
  return setOf('near', 'ipv4_addr', closedNetworks(host));
}

/** The closed networks of IPv4 are also closed under the IPv6 addresses that lead to them. */
function nearSet6(host: Near): string {
  const own = [...host.links, ...host.gateways].filter(isSix);
  return setOf('near6', 'ipv6_addr', [...NEVER6, ...METADATA6, ...own, ...embeddedNetworks(closedNetworks(host))]);
}

function closedNetworks({ links, gateways }: Near): readonly string[] {
  return [...NEVER, ...METADATA, ...[...links, ...gateways].filter((one) => !isSix(one))];
}

function setOf(name: string, type: 'ipv4_addr' | 'ipv6_addr', networks: readonly string[]): string {
  return `  set ${name} { type ${type}; flags interval; auto-merge; elements = { ${networks.join(', ')} } }`;
}

type Near = Pick<HostNetwork, 'links' | 'gateways'>;

const REFUSE_NEAR = ['    ip daddr @near goto refused', '    ip6 daddr @near6 goto refused'] as const;

/** A chain of nft(8), `refused`, that tells who asks at once. */
export const REFUSED = [
  '  chain refused {',
  '    meta l4proto tcp reject with tcp reset',
  '    reject with icmpx admin-prohibited',
  '  }',
] as const;

const isSix = (address: string): boolean => isIPv6(withoutPrefix(address));
