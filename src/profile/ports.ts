import { isIP } from 'node:net';
import type { PublishedPort } from '../model/profile.ts';

const SHAPE = /^(?:([0-9.]+|\[[0-9A-Fa-f:]+\]):)?(\d{1,5}):(\d{1,5})(?:\/(tcp|udp))?$/;

/** `8080`, `8080:80`, `127.0.0.1:8080:80`, `[::1]:8080:80/udp`; without an address, the loopback. Undefined for anything else. */
export function parsePort(value: string | number): PublishedPort | undefined {
  if (typeof value === 'number') return parsePort(`${value}:${value}`);
  const [, written = '127.0.0.1', host = '', inside = '', protocol = 'tcp'] = SHAPE.exec(value) ?? [];
  const address = written.replace(/^\[|\]$/g, '');
  if (isIP(address) === 0 || !isPort(host) || !isPort(inside)) return undefined;
  return { address, host: Number(host), inside: Number(inside), protocol: protocol === 'udp' ? 'udp' : 'tcp' };
}

/** The shortest text that `parsePort` reads as the same port. */
export function formatPort({ address, host, inside, protocol }: PublishedPort): string {
  const from = address === '127.0.0.1' ? '' : `${isIP(address) === 6 ? `[${address}]` : address}:`;
  return `${from}${host}:${inside}${protocol === 'udp' ? '/udp' : ''}`;
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
