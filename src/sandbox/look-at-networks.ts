import { closeSync, openSync, readlinkSync } from 'node:fs';
import { openNamespace } from '../discovery/handles.ts';
import { parseName } from '../discovery/links.ts';
import type { Helper } from '../elevation/start-helper.ts';
import type { Namespace } from '../model/namespace.ts';
import type { Sandbox } from '../model/sandbox.ts';
import type { Wiring } from '../model/wiring.ts';
import { readingsOf, readNetworks, type OpenNetwork } from '../network/wiring/read.ts';
import { wiringOf, type NetworkReading } from '../network/wiring/wiring.ts';
import type { Snapshot } from '../protocol/discovery.ts';

/** What only root may look into; `text/` has no part in it, because the kernel's own words stand in the same place. */
const ONLY_ROOT = 'only root may look into it';

/**
 * Reads every network namespace of a snapshot that this user may enter, and how they are connected.
 * @throws ProblemError `programMissing`.
 */
export async function lookAtNetworks(snapshot: Snapshot, sandboxes: readonly Sandbox[]): Promise<Wiring> {
  const networks = networksOf(snapshot);
  const readings = await readAll(networks, snapshot);
  return wiringOf(networks, readings, surroundingsOf(snapshot, sandboxes));
}

/** The same as root sees it, through the helper. @throws ProblemError `helperRefused`. */
export async function lookAtNetworksAsRoot(
  helper: Helper,
  sandboxes: readonly Sandbox[],
): Promise<{ readonly wiring: Wiring; readonly snapshot: Snapshot }> {
  const { snapshot, inodes, output } = await helper.request('networks/read', {});
  const readings = readingsOf(output, inodes, FIRST_OF_HELPER);
  return { snapshot, wiring: wiringOf(networksOf(snapshot), readings, surroundingsOf(snapshot, sandboxes)) };
}

const FIRST_OF_HELPER = 3;

function networksOf({ namespaces }: Snapshot): readonly Namespace[] {
  return namespaces.filter(({ type }) => type === 'net');
}

function surroundingsOf({ processes }: Snapshot, sandboxes: readonly Sandbox[]) {
  const ids = new Map(sandboxes.map(({ pid, id }) => [pid, id]));
  return { processes, ownPid: process.pid, sandboxes: ids };
}

async function readAll(
  networks: readonly Namespace[],
  snapshot: Snapshot,
): Promise<ReadonlyMap<number, NetworkReading>> {
  const opened = networks.map((network) => open(network, snapshot));
  try {
    const readings = await readNetworks(opened.filter((one) => 'by' in one));
    const refused = opened.filter((one) => 'unread' in one).map((one) => [one.inode, one] as const);
    return new Map([...readings, ...refused]);
  } finally {
    for (const one of opened) if ('by' in one) close(one);
  }
}

function open(network: Namespace, snapshot: Snapshot): OpenNetwork | (NetworkReading & { readonly inode: number }) {
  const { inode } = network;
  const refused = (unread: string) => ({ inode, unread, interfaces: [], numbers: new Map<number, number>() });
  const file = openNamespace(network);
  if (file === undefined) return refused('nothing leads into it');
  if (inodeOf('net') === inode) return { inode, file, by: 'here' };
  if (process.getuid?.() === 0) return { inode, file, by: 'root' };
  const user = openOwner(network, snapshot);
  if (user !== undefined) return { inode, file, by: { user } };
  closeSync(file);
  return refused(ONLY_ROOT);
}

function close({ file, by }: OpenNetwork): void {
  closeSync(file);
  if (typeof by === 'object') closeSync(by.user);
}

/** A descriptor for the user namespace by which a network is entered; none where that is one's own, which gives no right. */
function openOwner({ relations, pids: [pid] }: Namespace, { namespaces }: Snapshot): number | undefined {
  const owner = relations?.owner;
  if (owner === inodeOf('user')) return undefined;
  const known = namespaces.find(({ type, inode }) => type === 'user' && inode === owner);
  if (known) return openNamespace(known);
  return owner === undefined && pid !== undefined ? openIfThere(`/proc/${pid}/ns/user`) : undefined;
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

function inodeOf(type: 'net' | 'user'): number | undefined {
  return parseName(readlinkSync(`/proc/self/ns/${type}`))?.inode;
}
