import { isIP } from 'node:net';
import type { Network, PublishedPort } from '../../model/profile.ts';
import { code } from './markdown.ts';
import { row, type Row } from './row.ts';

/** The ports that lead into a sandbox, then those of this machine that lead out of it. */
export function portRows(parent: string, { publish, hostPorts }: Network): readonly Row[] {
  return [...publish.map((port) => publishedRow(parent, port)), ...hostPorts.map((port) => hostPortRow(parent, port))];
}

function publishedRow(parent: string, port: PublishedPort): Row {
  const { host, inside, protocol } = port;
  const from = addressOf(port);
  return row({
    id: `${parent}/port/${protocol}/${from}`,
    label: `${host} → ${inside}`,
    description: port.address === '127.0.0.1' ? protocol : `${protocol} on ${port.address}`,
    spoken: `published port ${host}, ${protocol}, leads to ${inside} inside`,
    icon: 'globe',
    subject: { kind: protocol === 'tcp' ? 'webPort' : 'port', port },
    tooltip: () => `${code(from)} of this machine leads to port ${inside} inside (${protocol}).`,
  });
}

function hostPortRow(parent: string, port: number): Row {
  return row({
    id: `${parent}/host-port/${port}`,
    label: `${port} ← ${port}`,
    description: 'tcp of this machine',
    spoken: `port ${port} of this machine can be reached inside`,
    icon: 'plug',
    tooltip: () => `Inside, ${code(`127.0.0.1:${port}`)} leads to the same port of this machine's loopback (tcp).`,
  });
}

/** Where a published port can be reached from this machine: one that listens everywhere also does on the loopback. */
export function addressOf({ address, host }: PublishedPort): string {
  const reached = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address;
  return isIP(reached) === 6 ? `[${reached}]:${host}` : `${reached}:${host}`;
}
