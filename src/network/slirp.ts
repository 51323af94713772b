import type { ForwardedResolvers } from './resolver.ts';

/** A network that nobody has (RFC 5737), so that it is none of this machine's; the addresses in it are slirp4netns's own. */
const NETWORK = '192.0.2.0/24';

/** Questions to these go to the machine's own resolver. */
export const FORWARDED_BY_SLIRP: ForwardedResolvers = { 4: '192.0.2.3', 6: 'fd00::3' };

/** These would stand for this machine's loopback without `--disable-host-loopback`. */
export const SLIRP_GATEWAYS = ['192.0.2.2', 'fd00::2'] as const;

/** The words after `slirp4netns` (slirp4netns(1)) that connect a network namespace, and nothing of this machine's loopback. */
export function slirpArguments(): readonly string[] {
  return ['--configure', `--cidr=${NETWORK}`, '--mtu=65520', '--enable-ipv6', '--disable-host-loopback'];
}
