import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Whether what comes in by an interface is forwarded; `all` is as `ip_forward` (ip-sysctl of the kernel). */
export function isForwarding(name: string): boolean {
  const file = forwardingFile(name);
  return existsSync(file) && readFileSync(file, 'latin1').trim() === '1';
}

/** Turns it on or off: root's to do. */
export function setForwarding(name: string, on: boolean): void {
  writeFileSync(forwardingFile(name), on ? '1' : '0');
}

/** Those of the interfaces that forward for uplinks alone: also what is `shared` with others, which looks as if it had always done. */
export function forwardingForUplinks(ways: readonly string[], shared: readonly string[]): readonly string[] {
  return ways.filter((way) => shared.includes(way) || !isForwarding(way));
}

function forwardingFile(name: string): string {
  return `/proc/sys/net/ipv4/conf/${name}/forwarding`;
}
