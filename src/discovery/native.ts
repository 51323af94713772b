import { messageOf } from '../model/message-of.ts';
import type { Calls, KernelCalls } from './kernel-calls.ts';
import { handleOf, IDS_AT_ONCE, listRequest, parseIds } from './listns.ts';

/** Requests of ioctl_nsfs(2) and, for the network namespace of a socket, of include/uapi/linux/sockios.h. */
const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_NSTYPE = 0xb703;
const NS_GET_OWNER_UID = 0xb704;
const SIOCGSKNS = 0x894c;

/** Numbers of pidfd_open(2), pidfd_getfd(2) and listns, the same on every architecture. */
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;
const LISTNS = 470;

/** Instead of a descriptor of any file of nsfs, for open_by_handle_at(2) (include/uapi/linux/fcntl.h). */
const FD_NSFS_ROOT = -10003;

/** The system calls through koffi, or why they cannot be made. */
export async function loadKernelCalls(): Promise<Calls> {
  try {
    const { default: koffi } = await import('koffi');
    const libc = koffi.load('libc.so.6');
    // One signature serves: where an argument is not used, it may be anything (x64 and arm64 pass all in registers).
    const ioctl = libc.func('int ioctl(int, unsigned long, void *)') as (...args: unknown[]) => number;
    const syscall = libc.func('long syscall(long, long, long, long)') as (...args: number[]) => number;
    const list = libc.func('long syscall(long, void *, void *, long, long)') as (...args: unknown[]) => number;
    const openByHandle = libc.func('int open_by_handle_at(int, void *, int)') as (...args: unknown[]) => number;
    const close = libc.func('int close(int)') as (fd: number) => number;
    return kernelCalls({ ioctl, syscall, list, openByHandle, close: (fd) => void close(fd) });
  } catch (error) {
    return { missing: `koffi could not be loaded: ${messageOf(error)}` };
  }
}

interface Libc {
  readonly ioctl: (...args: unknown[]) => number;
  readonly syscall: (...args: number[]) => number;
  readonly list: (...args: unknown[]) => number;
  readonly openByHandle: (...args: unknown[]) => number;
  readonly close: (fd: number) => void;
}

function kernelCalls({ ioctl, syscall, list, openByHandle, close }: Libc): KernelCalls {
  const ids = Buffer.alloc(8 * IDS_AT_ONCE);
  const uid = Buffer.alloc(4);
  const got = (fd: number): number | undefined => (fd < 0 ? undefined : fd);
  return {
    close,
    related: (fd, what) => got(ioctl(fd, what === 'parent' ? NS_GET_PARENT : NS_GET_USERNS, null)),
    ownerUid: (fd) => (ioctl(fd, NS_GET_OWNER_UID, uid) < 0 ? undefined : uid.readUInt32LE()),
    namespaceIds: (after) => {
      const count = list(LISTNS, listRequest(after), ids, IDS_AT_ONCE, 0);
      return count < 0 ? undefined : parseIds(ids, count);
    },
    openById: (id) => got(openByHandle(FD_NSFS_ROOT, handleOf(id), 0)),
    typeOf: (fd) => ioctl(fd, NS_GET_NSTYPE, null),
    networkOf: (pid, fd) =>
      using(got(syscall(PIDFD_OPEN, pid, 0, 0)), (pidfd) =>
        using(got(syscall(PIDFD_GETFD, pidfd, fd, 0)), (socket) => got(ioctl(socket, SIOCGSKNS, null))),
      ),
  };

  function using(fd: number | undefined, act: (fd: number) => number | undefined): number | undefined {
    if (fd === undefined) return undefined;
    try {
      return act(fd);
    } finally {
      close(fd);
    }
  }
}
