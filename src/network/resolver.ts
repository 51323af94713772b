import { readFileSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';

/** Addresses that nobody has (RFC 5737, RFC 3849): questions to them go to the machine's own resolver, also one on its loopback. */
const FORWARDED = { 4: '192.0.2.53', 6: '2001:db8::53' } as const;

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
export function hostResolver(): Resolver | undefined {
  try {
    return parseResolver(readFileSync(FILE, 'utf8'), realpathSync(FILE));
  } catch {
    return undefined;
  }
}

/** Of resolv.conf(5), search domains and options stay as they are. */
export function parseResolver(text: string, file: string): Resolver | undefined {
  const lines = text.split('\n').map((line) => line.trim());
  const servers = lines.map((line) => isIP(/^nameserver\s+([^\s%]+)/.exec(line)?.[1] ?? ''));
  const addresses = ([4, 6] as const).filter((version) => servers.includes(version)).map((one) => FORWARDED[one]);
  if (addresses.length === 0) return undefined;
  const kept = lines.filter((line) => /^(search|domain|options)\s[\w .:-]+$/.test(line));
  return { addresses, lines: [...addresses.map((address) => `nameserver ${address}`), ...kept], file };
}
