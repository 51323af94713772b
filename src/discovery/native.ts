import type { Calls, KernelCalls } from './kernel-calls.ts';

/** Requests of ioctl_nsfs(2) and, for the network namespace of a socket, of include/uapi/linux/sockios.h. */
const NS_GET_USERNS = 0xb701;
const NS_GET_PARENT = 0xb702;
const NS_GET_OWNER_UID = 0xb704;
const SIOCGSKNS = 0x894c;

/** Numbers of pidfd_open(2) and pidfd_getfd(2), the same on every architecture. */
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;

/** The system calls through koffi, or why they cannot be made. */
export async function loadKernelCalls(): Promise<Calls> {
  try {
    const { default: koffi } = await import('koffi');
    const libc = koffi.load('libc.so.6');
    // One signature serves: where an argument is not used, it may be anything (x64 and arm64 pass all in registers).
    const ioctl = libc.func('int ioctl(int, unsigned long, void *)') as (...args: unknown[]) => number;
    const syscall = libc.func('long syscall(long, long, long, long)') as (...args: number[]) => number;
    const close = libc.func('int close(int)') as (fd: number) => number;
    return kernelCalls(ioctl, syscall, (fd) => void close(fd));
  } catch (error) {
    return { missing: `koffi could not be loaded: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function kernelCalls(
  ioctl: (...args: unknown[]) => number,
  syscall: (...args: number[]) => number,
  close: (fd: number) => void,
): KernelCalls {
  const uid = Buffer.alloc(4);
  const got = (fd: number): number | undefined => (fd < 0 ? undefined : fd);
  return {
    close,
    related: (fd, what) => got(ioctl(fd, what === 'parent' ? NS_GET_PARENT : NS_GET_USERNS, null)),
    ownerUid: (fd) => (ioctl(fd, NS_GET_OWNER_UID, uid) < 0 ? undefined : uid.readUInt32LE()),
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
