import fc from 'fast-check';
import koffi from 'koffi';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { KernelCalls } from '../../src/discovery/kernel-calls.ts';
import { handleOf, IDS_AT_ONCE, listRequest, listSource, parseIds } from '../../src/discovery/listns.ts';
import { loadKernelCalls } from '../../src/discovery/native.ts';
import { takeSnapshot } from '../../src/discovery/snapshot.ts';
import { NAMESPACE_TYPES } from '../../src/model/namespace.ts';

async function kernelCalls(): Promise<KernelCalls> {
  const calls = await loadKernelCalls();
  return 'missing' in calls ? expect.fail(calls.missing) : calls;
}

it('asks for all namespaces after one', () => {
  expect(listRequest(7n).toString('hex')).toBe(`2000000000000000${'07'.padEnd(16, '0')}${'0'.repeat(32)}`);
});

it('reads as many ids as were written', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (ids) => {
      const written = Buffer.from(new BigUint64Array([...ids, 99n]).buffer);
      expect(parseIds(written, ids.length)).toEqual(ids);
    }),
  );
});

/** Kernels from 6.18 on have ids of namespaces, and handles (NS_GET_ID of include/uapi/linux/nsfs.h). */
const NS_GET_ID = 0x8008_b70d;
const libc = koffi.load('libc.so.6');
const ioctl = libc.func('int ioctl(int, unsigned long, void *)') as (...args: unknown[]) => number;
const openByHandle = libc.func('int open_by_handle_at(int, void *, int)') as (...args: unknown[]) => number;

function ownId(fd: number): bigint | undefined {
  const id = Buffer.alloc(8);
  return ioctl(fd, NS_GET_ID, id) < 0 ? undefined : id.readBigUInt64LE();
}

it('opens by its handle the namespace that has an id', (context) => {
  const fd = openSync('/proc/self/ns/net', 'r');
  try {
    const id = ownId(fd);
    if (id === undefined) return context.skip('namespaces have ids since Linux 6.18');
    const { ino } = fstatSync(fd);
    const other = openByHandle(-10003, handleOf(id, 0x4000_0000, ino), 0);
    expect(other).toBeGreaterThanOrEqual(0);
    expect(fstatSync(other).ino).toBe(ino);
    libc.func('int close(int)')(other);
  } finally {
    closeSync(fd);
  }
});

it('tells the type of each kind of namespace', async () => {
  const calls = await kernelCalls();
  for (const type of NAMESPACE_TYPES) {
    const opened = openSync(`/proc/self/ns/${type}`, 'r');
    try {
      const listing = { ...calls, namespaceIds: listed(1n), openById: () => opened, close: () => undefined };
      expect(listSource()(listing)).toEqual([{ type, inode: fstatSync(opened).ino, holder: { by: 'kernel' } }]);
    } finally {
      closeSync(opened);
    }
  }
});

/** A list that ends with these ids. */
const listed =
  (...ids: readonly bigint[]) =>
  (after: bigint): readonly bigint[] =>
    ids.filter((id) => id > after).slice(0, IDS_AT_ONCE);

it('asks on until all are told, and opens each once', async () => {
  const ids = Array.from({ length: 2 * IDS_AT_ONCE + 3 }, (_, at) => BigInt(at + 1));
  const opened: bigint[] = [];
  const listing = {
    ...(await kernelCalls()),
    namespaceIds: listed(...ids),
    openById: (id: bigint) => void opened.push(id),
  };
  const held = listSource();
  expect([held(listing), held(listing)]).toEqual([[], []]);
  expect(opened).toEqual(ids);
});

it('asks a kernel that has no such call only once', async () => {
  let asked = 0;
  const listing = { ...(await kernelCalls()), namespaceIds: () => void (asked += 1) };
  const held = listSource();
  expect([held(listing), held(listing)]).toEqual([[], []]);
  expect(asked).toBe(1);
});

it('leaves all else as it is where this kernel has no such call', async (context) => {
  const calls = await kernelCalls();
  if (calls.namespaceIds(0n) !== undefined) return context.skip('this kernel has listns');
  const { namespaces, unrelated } = takeSnapshot(calls);
  expect(unrelated).toBeUndefined();
  expect(namespaces.find(({ type, pids }) => type === 'net' && pids.includes(process.pid))?.relations).toBeDefined();
  expect(namespaces.flatMap(({ holders }) => holders.map(({ by }) => by))).not.toContain('kernel');
});

it('finds more than processes tell where this kernel has it', async (context) => {
  const calls = await kernelCalls();
  if (calls.namespaceIds(0n) === undefined) return context.skip('listns came with Linux 6.19');
  const own = openSync('/proc/self/ns/net', 'r');
  try {
    const { ino } = fstatSync(own);
    expect(listSource()(calls)).toContainEqual({ type: 'net', inode: ino, holder: { by: 'kernel' } });
  } finally {
    closeSync(own);
  }
});
