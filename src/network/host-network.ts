import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** What a sandbox with a way out must know of the network around it. */
export interface HostNetwork {
  /** The networks of this machine's own links, as ADDRESS/BITS, and all of its addresses, also those of links that are not up. */
  readonly links: readonly string[];
  readonly gateways: readonly string[];
  /** Whether a packet to somewhere else would leave this machine at all. */
  readonly online: boolean;
}

/** Looks at the addresses and routes of this machine, as they are now. */
export function hostNetwork(): HostNetwork {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const local = [...parseLocal(read('/proc/net/fib_trie')), ...parseLocal6(read('/proc/net/if_inet6'))];
  const routes = [...parseRoutes(read('/proc/net/route')), ...parseRoutes6(read('/proc/net/ipv6_route'))];
  return {
    links: [
      ...new Set([...addresses.flatMap(({ cidr, internal }) => (cidr === null || internal ? [] : [cidr])), ...local]),
    ],
    gateways: routes.map(({ gateway }) => gateway).filter((gateway) => gateway !== undefined),
    online: routes.some(({ isDefault }) => isDefault),
  };
}

interface Route {
  readonly gateway: string | undefined;
  readonly isDefault: boolean;
}

/** Lines `eth0 00000000 0100A8C0 …` of proc_pid_net(5): destination, gateway and, in the eighth column, mask in host byte order. */
export function parseRoutes(text: string): readonly Route[] {
  return lines(text)
    .slice(1)
    .map(([, destination, gateway = '', , , , , mask]) => ({
      gateway: /^0*$/.test(gateway) ? undefined : [6, 4, 2, 0].map((at) => hex(gateway, at)).join('.'),
      isDefault: destination === '00000000' && mask === '00000000',
    }));
}

/** Lines `DESTINATION BITS SOURCE BITS GATEWAY … DEVICE`; the kernel keeps one that refuses everything on `lo`. */
export function parseRoutes6(text: string): readonly Route[] {
  return lines(text)
    .filter((fields) => fields.at(-1) !== 'lo')
    .map(([destination = '', bits, , , gateway = '']) => ({
      gateway: /^0*$/.test(gateway) ? undefined : (gateway.match(/.{4}/g) ?? []).join(':'),
      isDefault: /^0+$/.test(destination) && bits === '00',
    }));
}

/** Lines `|-- ADDRESS`, each with lines `/BITS host LOCAL` below it where it is this machine's. */
export function parseLocal(text: string): readonly string[] {
  let address = '';
  return lines(text).flatMap(([first = '', second = '', third]) => {
    if (first === '|--') address = second;
    return third === 'LOCAL' && !address.startsWith('127.') ? [`${address}${first}`] : [];
  });
}

/** Lines `ADDRESS INDEX BITS …` in hexadecimal digits; `::1` is everybody's. */
export function parseLocal6(text: string): readonly string[] {
  return lines(text)
    .filter(([address = '']) => !/^0{31}1$/.test(address))
    .map(([address = '', , bits = '']) => `${(address.match(/.{4}/g) ?? []).join(':')}/${parseInt(bits, 16)}`);
}

function lines(text: string): readonly (readonly string[])[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 1);
}

const hex = (text: string, at: number): number => parseInt(text.slice(at, at + 2), 16);

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // a kernel without IPv6
  }
}
