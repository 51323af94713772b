/* Makes system calls that a filter may refuse, and prints what each came to: 0, or the errno. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *name, long result) { printf("%s=%d\n", name, result < 0 ? errno : 0); }

/* A child that it makes ends at once. */
static long cloned(long flags) {
  long pid = syscall(SYS_clone, flags | 17, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid > 0) waitpid(pid, 0, 0);
  return pid;
}

/* No socket has type 15: a family that is let pass comes to EINVAL, whether the kernel has it or not. */
static long pair(int family, int type) {
  int both[2];
  return syscall(SYS_socketpair, family, type, 0, both);
}

int main(void) {
  static char zeros[256];
  say("keyctl", syscall(SYS_keyctl, 0, -3, 0));
  say("bpf", syscall(SYS_bpf, 0, zeros, sizeof zeros));
  say("perf_event_open", syscall(SYS_perf_event_open, zeros, 0, -1, -1, 0));
  say("userfaultfd", syscall(SYS_userfaultfd, 1));
  say("io_uring_setup", syscall(SYS_io_uring_setup, 1, zeros));
  say("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, zeros, 0));
  say("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
  say("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
  say("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
  say("tiocsti", syscall(SYS_ioctl, 0, 0x5412, "x"));
  say("tiocsti_high", syscall(SYS_ioctl, 0, 0x5412 | 1L << 32, "x"));
  say("vsock", syscall(SYS_socket, 40, 1, 0));
  say("alg", syscall(SYS_socket, 38, 5, 0));
  say("x25", syscall(SYS_socket, 9, 5, 0));
  say("inet", syscall(SYS_socket, 2, 1, 0));
  say("unix", syscall(SYS_socket, 1, 1, 0));
  say("netlink", syscall(SYS_socket, 16, 3, 0));
  say("vsock_pair", pair(40, 15));
  say("xdp_pair", pair(44, 15));
  say("tipc_pair", pair(30, 15));
  say("x25_pair", pair(9, 15));
  say("inet_pair", pair(2, 15));
  say("unix_pair", pair(1, 1));
  say("clone3", syscall(SYS_clone3, zeros, 0));
  say("clone", cloned(0));
  say("clone_newuser", cloned(CLONE_NEWUSER));
  say("ptrace", syscall(SYS_ptrace, 0, 0, 0, 0));
  say("unshare_newuser", syscall(SYS_unshare, CLONE_NEWUSER));
#ifdef __x86_64__
  long by_32_bits;
  __asm__ volatile("int $0x80" : "=a"(by_32_bits) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
  printf("getpid_32=%ld\n", by_32_bits < 0 ? -by_32_bits : 0);
#endif
  return 0;
}
