import { createHash } from 'node:crypto';
import { hubAddresses, type JoinedInterface, type LabNetwork, type LinkConditions } from '../model/lab.ts';

/** What the kernel of this host has. */
export interface LinkHost {
  /** Whether it speaks IPv6: without it, a link has no addresses of its own that could be turned off. */
  readonly ipv6: boolean;
}

/**
 * Lines for `ip -batch` in the hub that make the bridge of a network (ip-link(8)). The hub itself has addresses in it only where it
 * leads out, and then always the same hardware address: a bridge takes that of one of its links otherwise.
 */
export function bridgeLines(network: LabNetwork, { ipv6 }: LinkHost): readonly string[] {
  const { name, mtu } = network;
  const own = hubAddresses(network).map(({ subnet, address }) => `${address}/${subnet.split('/')[1] ?? ''}`);
  const hardware = own.length === 0 ? '' : ` address ${hardwareAddress(own)}`;
  return [
    `link add name ${name}${hardware}${sized(mtu)} type bridge`,
    ...own.map((address) => addressLine(address, name)),
    `link set dev ${name}${quiet(ipv6)} up`,
  ];
}

/** Of each bridge with a way out, three words for each subnet: `lab ip 10.0.0.0/24`, as the rules of nft(8) name its protocol. */
export function wireWords(networks: readonly LabNetwork[]): readonly string[] {
  return networks
    .filter(({ internet }) => internet)
    .flatMap(({ name, subnets }) => subnets.flatMap((subnet) => [name, subnet.includes(':') ? 'ip6' : 'ip', subnet]));
}

/**
 * Lines for `ip -batch` in the hub that put one end of a pair into each bridge, and the other one into the network namespace
 * of process `$pid` (veth(4)). They stand in double quotes of a shell.
 */
export function pairLines(
  interfaces: readonly JoinedInterface[],
  networks: readonly LabNetwork[],
  { ipv6 }: LinkHost,
): readonly string[] {
  return interfaces.flatMap(({ network, device, addresses }, index) => {
    const { mtu, isolated = false } = networks.find(({ name }) => name === network) ?? {};
    const end = hubEnd('$pid', index);
    return [
      `link add name ${end}${sized(mtu)} type veth peer name ${device} address ${hardwareAddress(addresses)}${sized(mtu)} netns $pid`,
      `link set dev ${end} master ${network}${quiet(ipv6)} up`,
      ...(isolated ? [`link set dev ${end} type bridge_slave isolated on`] : []),
    ];
  });
}

/**
 * Lines for `tc -batch` in the hub that make what is sent to the other end of a link slow, late or lost: tc-netem(8), tc-tbf(8).
 * Whatever was set before is replaced.
 */
export function conditionLines(end: string, { delay, jitter, loss, rate }: LinkConditions): readonly string[] {
  const late = delay === undefined && jitter === undefined ? '' : ` delay ${delay ?? '0ms'} ${jitter ?? ''}`.trimEnd();
  const netem = late + (loss === undefined ? '' : ` loss ${loss}`);
  const first = netem === '' ? [] : [`qdisc add dev ${end} root handle 1: netem${netem} limit 10000`];
  const parent = netem === '' ? 'root' : 'parent 1:1';
  return [
    ...first,
    ...(rate === undefined
      ? []
      : [`qdisc add dev ${end} ${parent} tbf rate ${rate} burst ${burst(rate)} latency 50ms`]),
  ];
}

/** Bytes: what may come at once is ten milliseconds of the rate, but always some packets. */
function burst(rate: string): number {
  const bits = parseFloat(rate) * ({ k: 1e3, m: 1e6, g: 1e9 }[rate.at(-4) ?? ''] ?? 1);
  return Math.max(32_768, Math.round(bits / 8 / 100));
}

/**
 * Of whoever has these addresses, always the same: others, who remember whom they have asked (arp(7)), go on reaching who has them
 * next. A locally administered one, with the bit that says so.
 */
function hardwareAddress([first = '']: readonly string[]): string {
  const digest = createHash('sha256').update(first).digest('hex').slice(0, 10);
  return ['02', ...(digest.match(/../g) ?? [])].join(':');
}

/** Lines for `tc -batch` in the hub: the conditions of all links of process `$pid`. */
export function conditionsOf(
  interfaces: readonly JoinedInterface[],
  networks: readonly LabNetwork[],
): readonly string[] {
  return interfaces.flatMap(({ network }, index) =>
    conditionLines(hubEnd('$pid', index), networks.find(({ name }) => name === network)?.conditions ?? {}),
  );
}

/** The end in the hub of a sandbox's link: no network can have its name. */
export function hubEnd(pid: string, index: number): string {
  return `_${pid}.${index}`;
}

/** Nobody else has it: no need to ask (`nodad`). */
export function addressLine(address: string, device: string): string {
  return `addr add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
}

/** Lines for `ip -batch` in a sandbox: its loopback, and its links with their addresses. */
export function addressLines(interfaces: readonly JoinedInterface[]): readonly string[] {
  return [
    'link set dev lo up',
    ...interfaces.flatMap(({ device, addresses }) => [
      `link set dev ${device} up`,
      ...addresses.map((address) => addressLine(address, device)),
    ]),
    ...interfaces.flatMap(({ device, gateways }) =>
      gateways.map((gateway) => `route add default via ${gateway} dev ${device}`),
    ),
  ];
}

const sized = (mtu: number | undefined): string => (mtu === undefined ? '' : ` mtu ${mtu}`);
const quiet = (ipv6: boolean): string => (ipv6 ? ' addrgenmode none' : '');
