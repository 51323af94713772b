import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, isIP } from 'node:net';
import { fail } from '../model/problem.ts';
import type { PublishedPort } from '../model/profile.ts';

/**
 * Tries to listen on each port for a moment.
 * @throws ProblemError `portNotFree`.
 */
export async function requireFreePorts(ports: readonly PublishedPort[]): Promise<void> {
  const first = firstUnprivileged();
  for (const port of ports) {
    const { address, host, protocol } = port;
    if (host < first) fail('portNotFree', { address, port: host, reason: `ports below ${first} are root's` });
    await (protocol === 'tcp' ? tryTcp(port) : tryUdp(port)).catch((error: unknown) =>
      fail('portNotFree', { address, port: host, reason: reasonOf(error) }, error),
    );
  }
}

/** What listens for a sandbox never has root's rights, also where root started it (ip_unprivileged_port_start of ip(7)). */
function firstUnprivileged(): number {
  return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
}

async function tryTcp({ address, host }: PublishedPort): Promise<void> {
  const server = createServer().listen({ host: address, port: host });
  await once(server, 'listening');
  await new Promise((resolve) => server.close(resolve));
}

async function tryUdp({ address, host }: PublishedPort): Promise<void> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  socket.bind(host, address);
  await once(socket, 'listening');
  socket.close();
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
};

function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}
