import { fstatSync } from 'node:fs';
import type { NamespaceType } from '../model/namespace.ts';
import type { Held } from './held.ts';
import type { KernelCalls } from './kernel-calls.ts';

/** How many ids one call is given room for. */
export const IDS_AT_ONCE = 512;

/** Size of struct ns_id_req of include/uapi/linux/nsfs.h. */
const REQUEST_BYTES = 32;

/** What listns is asked: all namespaces that this user may see, after one (0: from the first). */
export function listRequest(after: bigint): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES);
  request.writeUInt32LE(REQUEST_BYTES, 0);
  request.writeBigUInt64LE(after, 8);
  return request;
}

/** The ids that it has written. */
export function parseIds(written: Buffer, count: number): readonly bigint[] {
  return Array.from({ length: count }, (_, at) => written.readBigUInt64LE(at * 8));
}

/** Kind and size of a handle of a namespace (struct nsfs_file_handle of include/uapi/linux/nsfs.h). */
const FILEID_NSFS = 0xf1;
const HANDLE_BYTES = 16;

/** What open_by_handle_at(2) takes. Since Linux 6.19 the id alone does; before, the kernel wants the rest too. */
export function handleOf(id: bigint, flag = 0, inode = 0): Buffer {
  const handle = Buffer.alloc(8 + HANDLE_BYTES);
  handle.writeUInt32LE(HANDLE_BYTES, 0);
  handle.writeInt32LE(FILEID_NSFS, 4);
  handle.writeBigUInt64LE(id, 8);
  handle.writeUInt32LE(flag, 16);
  handle.writeUInt32LE(inode, 20);
  return handle;
}

/** The flags of clone(2), by which NS_GET_NSTYPE tells a type. */
const TYPES: Readonly<Record<number, NamespaceType>> = {
  0x0000_0080: 'time',
  0x0002_0000: 'mnt',
  0x0200_0000: 'cgroup',
  0x0400_0000: 'uts',
  0x0800_0000: 'ipc',
  0x1000_0000: 'user',
  0x2000_0000: 'pid',
  0x4000_0000: 'net',
};

/** Finds the namespaces that the kernel lists itself, since Linux 6.19; before, it is asked once and no more. */
export function listSource(): (calls: KernelCalls) => readonly Held[] {
  // An id is never used again.
  let before = new Map<bigint, Held | undefined>();
  let missing = false;
  return (calls) => {
    const ids = missing ? undefined : allIds(calls);
    if (ids === undefined) {
      missing = true;
      return [];
    }
    before = new Map(ids.map((id) => [id, before.has(id) ? before.get(id) : heldById(id, calls)]));
    return [...before.values()].filter((held) => held !== undefined);
  };
}

function allIds(calls: KernelCalls): readonly bigint[] | undefined {
  const all: bigint[] = [];
  for (;;) {
    const ids = calls.namespaceIds(all.at(-1) ?? 0n);
    if (ids === undefined) return all.length === 0 ? undefined : all;
    all.push(...ids);
    if (ids.length < IDS_AT_ONCE) return all;
  }
}

/** Undefined for one that has gone since, or that this user may not open. */
function heldById(id: bigint, calls: KernelCalls): Held | undefined {
  const fd = calls.openById(id);
  if (fd === undefined) return undefined;
  try {
    const type = TYPES[calls.typeOf(fd)];
    return type && { type, inode: fstatSync(fd).ino, holder: { by: 'kernel' } };
  } finally {
    calls.close(fd);
  }
}
