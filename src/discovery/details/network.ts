import type { Listening, NamespaceDetails, Route } from '../../model/namespace-details.ts';
import { addressOf, ipv4Of, ipv6Of } from './addresses.ts';

type NetworkDetails = Omit<Extract<NamespaceDetails, { type: 'net' }>, 'type'>;

/** What /proc/PID/net tells; `file` reads one of its files (proc_pid_net(5)). */
export function networkDetails(file: (name: string) => string): NetworkDetails {
  return {
    links: parseLinkNames(file('dev')),
    addresses: [...parseLocalIpv4(file('fib_trie')), ...parseIpv6(optional('if_inet6'))],
    routes: [...parseRoutes(file('route')), ...parseIpv6Routes(optional('ipv6_route'))],
    listening: [
      ...parseListening('tcp', file('tcp')),
      ...parseListening('tcp', optional('tcp6')),
      ...parseListening('udp', file('udp')),
      ...parseListening('udp', optional('udp6')),
    ],
  };

  /** A kernel without IPv6 has no such files. */
  function optional(name: string): string {
    try {
      return file(name);
    } catch {
      return '';
    }
  }
}

/** Names of links in net/dev, in the order of the kernel. */
export function parseLinkNames(text: string): readonly string[] {
  return [...text.matchAll(/^ *([^\s:|][^\s|]*): *\d/gm)].map(([, name = '']) => name);
}

/** Addresses of this host in the table of routes that net/fib_trie prints, each once. */
export function parseLocalIpv4(text: string): readonly string[] {
  const found = [...text.matchAll(/\|-- (\d+\.\d+\.\d+\.\d+)\n +\/32 host LOCAL/g)];
  return [...new Set(found.map(([, address = '']) => address))];
}

/** Addresses of net/if_inet6. */
export function parseIpv6(text: string): readonly string[] {
  return [...text.matchAll(/^([0-9a-f]{32}) /gm)].map(([, hex = '']) => ipv6Of(Buffer.from(hex, 'hex')));
}

/** Lines of net/route: numbers are hexadecimal in the byte order of the machine. */
export function parseRoutes(text: string): readonly Route[] {
  const line = /^([^\s]+)\t([0-9A-F]{8})\t([0-9A-F]{8})\t[0-9A-F]{4}\t\d+\t\d+\t-?\d+\t([0-9A-F]{8})\t/gm;
  return [...text.matchAll(line)].map(([, device = '', to = '', gateway = '', mask = '']) => {
    const length = [...Buffer.from(mask, 'hex')].map(bits).reduce((sum, one) => sum + one, 0);
    return {
      to: length === 0 ? 'default' : `${ipv4Of(to)}/${length}`,
      via: gateway === '00000000' ? undefined : ipv4Of(gateway),
      device,
    };
  });
}

function bits(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}

/** Of include/uapi/linux/ipv6_route.h and route.h: an address of this host itself, and what is refused. */
const RTF_LOCAL = 0x8000_0000;
const RTF_REJECT = 0x0200;

/** Lines of net/ipv6_route without those that the kernel makes for its own addresses and for multicast. */
export function parseIpv6Routes(text: string): readonly Route[] {
  const line =
    /^([0-9a-f]{32}) ([0-9a-f]{2}) [0-9a-f]{32} [0-9a-f]{2} ([0-9a-f]{32}) [0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{8} ([0-9a-f]{8}) +(\S+)$/gm;
  return [...text.matchAll(line)].flatMap(([, to = '', length = '', gateway = '', flags = '', device = '']) => {
    const kernels = (parseInt(flags, 16) & (RTF_LOCAL | RTF_REJECT)) !== 0 || to.startsWith('ff');
    if (kernels) return [];
    const prefix = parseInt(length, 16);
    return [
      {
        to: prefix === 0 ? 'default' : `${ipv6Of(Buffer.from(to, 'hex'))}/${prefix}`,
        via: /^0*$/.test(gateway) ? undefined : ipv6Of(Buffer.from(gateway, 'hex')),
        device,
      },
    ];
  });
}

/** Sockets of net/tcp, tcp6, udp and udp6 that wait for peers. */
export function parseListening(protocol: Listening['protocol'], text: string): readonly Listening[] {
  return parseListeningSockets(protocol, text).map(({ address, port }) => ({ protocol, address, port }));
}

/** States of include/net/tcp_states.h that wait for peers: LISTEN, and CLOSE, in which a bound UDP socket stays. */
const WAITING = { tcp: '0A', udp: '07' } as const;

/** The same with their inodes, which the links of descriptors name. */
export function parseListeningSockets(
  protocol: Listening['protocol'],
  text: string,
): readonly (Listening & { readonly inode: number })[] {
  const line =
    /^ *\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]{2}) [0-9A-F:]+ [0-9A-F:]+ [0-9A-F]+ +\d+ +\d+ (\d+) /gm;
  return [...text.matchAll(line)]
    .filter(([, , , state]) => state === WAITING[protocol])
    .map(([, address = '', port = '', , inode]) => ({
      protocol,
      address: addressOf(address),
      port: parseInt(port, 16),
      inode: Number(inode),
    }));
}
