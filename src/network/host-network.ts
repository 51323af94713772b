import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

/** What a sandbox with a way out must know of the network around it. */
export interface HostNetwork {
  /** The networks of this machine's own links, its addresses among them, as ADDRESS/BITS. */
  readonly links: readonly string[];
  readonly gateways: readonly string[];
  /** Whether a packet to somewhere else would leave this machine at all. */
  readonly online: boolean;
}

/** Looks at the addresses and routes of this machine, as they are now. */
export function hostNetwork(): HostNetwork {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  const routes = [...parseRoutes(read('/proc/net/route')), ...parseRoutes6(read('/proc/net/ipv6_route'))];
  return {
    links: addresses.flatMap(({ cidr, internal }) => (cidr === null || internal ? [] : [cidr])),
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
