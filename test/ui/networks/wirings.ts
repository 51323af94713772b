import type { Interface, Owner, WiredNetwork } from '../../../src/model/wiring.ts';
import { ownerName } from '../../../src/network/wiring/owners.ts';

export function face(index: number, name: string, parts: Partial<Interface> = {}): Interface {
  return {
    index,
    name,
    kind: 'veth',
    up: true,
    carrier: true,
    mac: undefined,
    mtu: 1500,
    addresses: [],
    detail: undefined,
    ...parts,
  };
}

export function wired(
  inode: number,
  owner: Owner,
  interfaces: readonly Interface[],
  parts: Partial<WiredNetwork> = {},
): WiredNetwork {
  return { inode, owner, name: ownerName(owner, inode), pid: undefined, interfaces, unread: undefined, ...parts };
}
