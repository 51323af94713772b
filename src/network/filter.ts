import { isIPv6 } from 'node:net';
import type { HostNetwork } from './host-network.ts';

/** What nobody reaches through a way out, wherever that is: this host, link-local and multicast networks (RFC 6890). */
const NEVER = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '255.255.255.255'] as const;
const NEVER6 = ['::/127', 'fe80::/10', 'ff00::/8'] as const;

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
    nearSet(host),
    nearSet6(host),
    '  chain out {',
    '    type filter hook output priority filter;',
    '    oifname "lo" accept',
    '    ct state established,related accept',
    '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept',
    '    ip daddr @near goto refused',
    '    ip6 daddr @near6 goto refused',
    '  }',
    ...REFUSED,
    '}',
  ];
}

/** A set of nft(8), `near`, with the addresses of IPv4 to which no way out leads. */
export function nearSet({ links, gateways }: Near): string {
  const all = [...NEVER, ...METADATA, ...[...links, ...gateways].filter((one) => !isSix(one))];
  return `  set near { type ipv4_addr; flags interval; auto-merge; elements = { ${all.join(', ')} } }`;
}

function nearSet6({ links, gateways }: Near): string {
  const all = [...NEVER6, ...METADATA6, ...[...links, ...gateways].filter(isSix)];
  return `  set near6 { type ipv6_addr; flags interval; auto-merge; elements = { ${all.join(', ')} } }`;
}

type Near = Pick<HostNetwork, 'links' | 'gateways'>;

/** A chain of nft(8), `refused`, that tells who asks. */
export const REFUSED = [
  '  chain refused {',
  '    meta l4proto tcp reject with tcp reset',
  '    reject with icmpx admin-prohibited',
  '  }',
] as const;

const isSix = (address: string): boolean => isIPv6(address.split('/')[0] ?? '');
