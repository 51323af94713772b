import { readFileSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';

/** Addresses inside whose questions go to the machine's own resolver, also one on its loopback. */
export interface ForwardedResolvers {
  readonly 4: string;
  readonly 6: string;
}

/** Addresses that nobody has (RFC 5737, RFC 3849). */
export const FORWARDED_BY_PASTA: ForwardedResolvers = { 4: '192.0.2.53', 6: '2001:db8::53' };

const FILE = '/etc/resolv.conf';

/** How names are resolved in a sandbox with a way out. */
export interface Resolver {
  /** Addresses inside whose questions the way out passes on. */
  readonly addresses: readonly string[];
  /** Lines of its resolv.conf(5). */
  readonly lines: readonly string[];
  /** Where that file of the machine really lies: other systems keep a link in /etc. */
  readonly file: string;
}

/** Undefined where this machine has no resolver itself. */
export function hostResolver(forwarded: ForwardedResolvers): Resolver | undefined {
  try {
    return parseResolver(readFileSync(FILE, 'utf8'), realpathSync(FILE), forwarded);
  } catch {
    return undefined;
  }
}

/** Of resolv.conf(5), search domains and options stay as they are. */
export function parseResolver(text: string, file: string, forwarded: ForwardedResolvers): Resolver | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const servers = lines.map((line) => isIP(/^nameserver\s+([^\s%]+)/.exec(line)?.[1] ?? ''));
  const addresses = ([4, 6] as const).filter((version) => servers.includes(version)).map((one) => forwarded[one]);
  if (addresses.length === 0) return undefined;
  const kept = lines.filter((line) => /^(search|domain|options)\s[\w .:-]+$/.test(line));
  return { addresses, lines: [...addresses.map((address) => `nameserver ${address}`), ...kept], file };
}
