import { accessSync, constants, statSync } from 'node:fs';
import { requirePasta } from '../host/pasta.ts';
import { findProgram, requireProgram } from '../host/programs.ts';
import { messageOf } from '../model/message-of.ts';
import { fail } from '../model/problem.ts';
import { hasPorts, type Network } from '../model/profile.ts';
import { hubArguments, pastaArguments, portArguments } from './pasta.ts';
import { FORWARDED_BY_PASTA, hostResolver, type Resolver } from './resolver.ts';
import { FORWARDED_BY_SLIRP, SLIRP_GATEWAYS, slirpArguments } from './slirp.ts';

const TUN = '/dev/net/tun';

/** What carries the packets of a sandbox through sockets of an ordinary user. */
export interface Connector {
  readonly kind: 'pasta' | 'slirp4netns';
  /** The program and its words, but for the process whose namespaces it connects. */
  readonly command: readonly string[];
  /** Undefined where this machine resolves no names itself. */
  readonly resolver: Resolver | undefined;
  /** Addresses inside that could stand for this machine. */
  readonly gateways: readonly string[];
}

/**
 * Finds what makes a way out without root: pasta(1), or slirp4netns(1) where that is missing and no port is named.
 * @throws ProblemError `programMissing`, `programTooOld`, `tunNotUsable`.
 */
export async function requireConnector(network: Network): Promise<Connector> {
  const slirp = findProgram('pasta') === undefined && !hasPorts(network) ? findProgram('slirp4netns') : undefined;
  const connector = slirp === undefined ? await pasta(network) : slirp4netns(slirp);
  requireProgram('nft');
  requireTun();
  return connector;
}

/** What leads to ports of a sandbox in a lab, and nowhere else. @throws as `requireConnector`. */
export async function requirePorts(network: Network): Promise<readonly string[]> {
  const found = await requirePasta();
  requireProgram('nft');
  requireTun();
  return [found.program, ...portArguments(network, found)];
}

/** What makes a way out of the hub of a lab, by a link of this name. @throws as `requireConnector`. */
export async function requireHubConnector(device: string): Promise<Pick<Connector, 'command' | 'resolver'>> {
  const found = await requirePasta();
  requireTun();
  const resolver = hostResolver(FORWARDED_BY_PASTA);
  return { command: [found.program, ...hubArguments(device, found, resolver?.addresses ?? [])], resolver };
}

async function pasta(network: Network): Promise<Connector> {
  const found = await requirePasta();
  const resolver = hostResolver(FORWARDED_BY_PASTA);
  const words = pastaArguments(network, found, resolver?.addresses ?? []);
  return { kind: 'pasta', command: [found.program, ...words], resolver, gateways: [] };
}

function slirp4netns(program: string): Connector {
  const resolver = hostResolver(FORWARDED_BY_SLIRP);
  return { kind: 'slirp4netns', command: [program, ...slirpArguments()], resolver, gateways: SLIRP_GATEWAYS };
}

/** Where root starts it, it runs as an id that owns nothing: what counts is what others may. */
function requireTun(): void {
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
    if (process.getuid?.() === 0 && (statSync(TUN).mode & 0o006) !== 0o006)
      throw new Error('it is closed to all but root');
  } catch (error) {
    fail('tunNotUsable', { path: TUN, reason: messageOf(error) }, error);
  }
}
