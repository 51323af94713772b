import * as v from 'valibot';
import { parsePrefixed, parseSubnet } from '../model/subnet.ts';
import { portKeys } from './schema-network.ts';
import { flag, key, keyed, mapOf, shaped } from './schema-parts.ts';

const NETWORK_NAME =
  'a name of at most 15 letters, digits, "_", "-" and "." that starts with a letter or a digit, and not lo, all or default';
/** It is a link in the hub of the lab (ip-link(8)); two of the words are folders of sysctl(8), one is the loopback. */
export const networkName = shaped(/^(?!(?:lo|all|default)$)[A-Za-z0-9][A-Za-z0-9._-]{0,14}$/, NETWORK_NAME);

const SUBNET = 'a network such as "10.0.0.0/24" or "fd00:1::/64", with no bit set after its prefix';
const subnet = v.pipe(
  shaped(/^[0-9A-Fa-f.:]+\/\d{1,3}$/, SUBNET),
  v.check((text) => isUsable(text), SUBNET),
);

/** Room for two addresses, and none of the networks that every machine keeps for itself (RFC 6890). */
function isUsable(text: string): boolean {
  const found = parseSubnet(text);
  if (found === undefined) return false;
  const first = Number(found.value >> (found.version === 4 ? 24n : 112n));
  if (found.version === 4) return found.bits <= 30 && first > 0 && first !== 127 && first < 224;
  return found.bits <= 126 && first > 0 && first < 0xfe80;
}

const SUBNETS = `${SUBNET}, or a list of one of IPv4 and one of IPv6`;
const subnets = v.union(
  [
    subnet,
    v.pipe(
      v.array(subnet, SUBNETS),
      v.minLength(1, SUBNETS),
      v.maxLength(2, SUBNETS),
      v.check((all) => new Set(all.map((one) => parseSubnet(one)?.version)).size === all.length, SUBNETS),
    ),
  ],
  SUBNETS,
);

const MTU = 'a whole number of bytes from 1280 to 65535';
const mtu = v.pipe(
  v.number(MTU),
  v.integer(MTU),
  v.minValue(1280, MTU),
  v.maxValue(65_535, MTU),
  v.metadata({ default: 1500 }),
);

const TIME = 'a time such as "20ms", "500us" or "1.5s"';
const time = shaped(/^\d{1,6}(?:\.\d{1,3})?(?:us|ms|s)$/, TIME);
const LOSS = 'a share of the packets such as "1%" or "0.5%"';
const loss = shaped(/^(?:100|\d{1,2}(?:\.\d{1,4})?)%$/, LOSS);
const RATE = 'bits in a second such as "500kbit", "10mbit" or "1gbit"';
const rate = shaped(/^[1-9]\d{0,5}(?:\.\d{1,3})?[kmg]bit$/, RATE);

/** In the units of tc(8). */
export const linkConditions = {
  delay: key(time, 'How long each packet takes more, on its way to a sandbox.'),
  jitter: key(time, 'How far the delay varies, up and down.'),
  loss: key(loss, 'How many packets get lost.'),
  rate: key(rate, 'How much reaches a sandbox at most, in a second.'),
};

export const labNetwork = keyed({
  subnet: v.pipe(subnets, v.description('The addresses of the network: of IPv4, of IPv6, or a list of both.')),
  mtu: key(mtu, 'The largest packet, in bytes.'),
  isolated: key(flag(false), 'Whether sandboxes in it cannot reach each other.'),
  internet: key(
    flag(false),
    'Whether sandboxes in it have a way to the internet, but none to this machine, its gateway or a metadata address. The last address of each subnet is then taken.',
  ),
  ...linkConditions,
});

/** The networks of a file: its lab. */
export const labNetworks = mapOf(networkName, labNetwork);

export type FileNetwork = v.InferOutput<typeof labNetwork>;

const ADDRESS = '"auto", or an address such as "10.0.0.1/24" with the prefix of the network or without';
const address = v.pipe(
  shaped(/^(?:auto|[0-9A-Fa-f.:]+(?:\/\d{1,3})?)$/, ADDRESS),
  v.check((text) => text === 'auto' || parsePrefixed(text) !== undefined, ADDRESS),
  v.metadata({ default: 'auto' }),
);
const ADDRESSES = `${ADDRESS}, or a list of one of IPv4 and one of IPv6`;
const addresses = v.union(
  [address, v.pipe(v.array(address, ADDRESSES), v.minLength(1, ADDRESSES), v.maxLength(2, ADDRESSES))],
  ADDRESSES,
);

const GATEWAY = 'an address such as "10.0.0.254"';
const gateway = v.pipe(
  shaped(/^[0-9A-Fa-f.:]+$/, GATEWAY),
  v.check((text) => parsePrefixed(text) !== undefined, GATEWAY),
);

const DEVICE = 'the name of a link of at most 15 letters, digits, "_", "-" and ".", and not lo, all or default';

/** How a sandbox is in each of its networks. */
export const labInterfaces = mapOf(
  networkName,
  v.union(
    [
      addresses,
      keyed({
        address: key(addresses, 'Its addresses in this network; without it, the first that are free.'),
        interface: key(
          shaped(/^(?!(?:lo|all|default)$)[A-Za-z0-9_][A-Za-z0-9._-]{0,14}$/, DEVICE),
          'Name of the link inside; without it, eth0, eth1 and so on.',
        ),
        gateway: key(
          v.union(
            [gateway, v.pipe(v.array(gateway, `a list, each ${GATEWAY}`), v.maxLength(2, GATEWAY))],
            `${GATEWAY}, or a list of one of IPv4 and one of IPv6`,
          ),
          'Who is asked to reach what is in none of its networks: a sandbox with "forwarding". Without it, and where the network has "internet", the hub.',
        ),
        ...portKeys,
      }),
    ],
    `${ADDRESSES}, or { "address", "interface", "gateway", "publish", "hostPorts" }`,
  ),
);
