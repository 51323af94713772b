/** What only system calls tell that Node does not have. Whoever has no native code does without. */
export interface KernelCalls {
  /** A new descriptor for what a namespace descriptor is asked; undefined where there is none or this user may not know. */
  related(fd: number, what: 'parent' | 'owner'): number | undefined;
  /** Who made a user namespace. */
  ownerUid(fd: number): number | undefined;
  /** A descriptor for the network namespace of a socket of another process; undefined where this user may not have it. */
  networkOf(pid: number, fd: number): number | undefined;
  /** Ids of namespaces after one, in ascending order; undefined where the kernel has no listns, which came with Linux 6.19. */
  namespaceIds(after: bigint): readonly bigint[] | undefined;
  /** A descriptor for the namespace with an id; undefined where there is none or this user may not have it. */
  openById(id: bigint): number | undefined;
  /** The flag of clone(2) for the type of a namespace; -1 for what is none. */
  typeOf(fd: number): number;
  /** Closes what these calls have opened: a worker thread warns of descriptors that Node closes without having opened them. */
  close(fd: number): void;
}

/** The calls, or why there are none. */
export type Calls = KernelCalls | { readonly missing: string };

/** For those who need processes and cgroups alone, and for the helper. */
export const NO_CALLS: Calls = { missing: 'they were not asked for' };
