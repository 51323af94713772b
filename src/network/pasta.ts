import type { Pasta } from '../host/pasta.ts';
import { PORTS_DEVICE, type Network, type PublishedPort } from '../model/profile.ts';
import { withoutPrefix } from '../model/subnet.ts';

type Ports = Pick<Network, 'publish' | 'hostPorts'>;

const NO_PORTS: Ports = { publish: [], hostPorts: [] };

/** The words after `pasta` that connect the network namespace of a sandbox. */
export function pastaArguments(ports: Ports, pasta: Pasta, resolvers: readonly string[]): readonly string[] {
  return ['--quiet', '--config-net', ...closed(pasta), ...forwarding(resolvers), ...portWords(ports)];
}

/** Those that connect the hub of a lab, by a link of this name. */
export function hubArguments(device: string, pasta: Pasta, resolvers: readonly string[]): readonly string[] {
  const link = ['--ns-ifname', device];
  return ['--quiet', '--config-net', ...link, ...closed(pasta), ...forwarding(resolvers), ...portWords(NO_PORTS)];
}

/** The link through which ports lead into a sandbox of a lab, with its own addresses and those of its other end; nobody has them (RFC 5737, RFC 3849). */
export const PORTS_LINK = {
  device: PORTS_DEVICE,
  own: '203.0.113.2/30',
  own6: '2001:db8:1::2/126',
  address: '203.0.113.1',
  address6: '2001:db8:1::1',
} as const;

/** Those that lead to ports of a sandbox and out of it, and give it no other way out: they make the link and leave it down. */
export function portArguments(ports: Ports, pasta: Pasta): readonly string[] {
  const addresses = [PORTS_LINK.own, PORTS_LINK.own6].flatMap((own) => ['--address', withoutPrefix(own)]);
  return ['--quiet', '--ns-ifname', PORTS_LINK.device, ...addresses, ...closed(pasta), ...portWords(ports)];
}

/** No address stands for this machine. */
function closed({ options }: Pasta): readonly string[] {
  // Newer versions lead what comes from the host's loopback to the other address otherwise.
  return ['--no-map-gw', ...(options.has('--host-lo-to-ns-lo') ? ['--host-lo-to-ns-lo'] : [])];
}

function forwarding(resolvers: readonly string[]): readonly string[] {
  return resolvers.flatMap((address) => ['--dns-forward', address]);
}

/** No port but those that are named. */
function portWords({ publish, hostPorts }: Ports): readonly string[] {
  const of = (protocol: PublishedPort['protocol']): readonly PublishedPort[] =>
    publish.filter((port) => port.protocol === protocol);
  return [
    ...forwarded('--tcp-ports', of('tcp').map(specification)),
    ...forwarded('--udp-ports', of('udp').map(specification)),
    ...forwarded('--tcp-ns', hostPorts.map(String)),
    ...forwarded('--udp-ns', []),
  ];
}

/** Without a word it would forward every port that is listened on. */
function forwarded(option: string, ports: readonly string[]): readonly string[] {
  return ports.length === 0 ? [option, 'none'] : ports.flatMap((port) => [option, port]);
}

const specification = ({ address, host, inside }: PublishedPort): string => `${address}/${host}:${inside}`;
