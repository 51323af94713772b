/**
 * Numbers of system calls (syscalls(2)). `node scripts/system-calls.mjs` prints them from the headers of the kernel.
 */
const SYSTEM_CALLS: Readonly<Partial<Record<string, Readonly<Record<string, number>>>>> = {
  x64: {
    brk: 12,
    capset: 126,
    clone: 56,
    close: 3,
    close_range: 436,
    dup3: 292,
    execve: 59,
    exit: 60,
    exit_group: 231,
    fchdir: 81,
    fcntl: 72,
    fsconfig: 431,
    fsmount: 432,
    fsopen: 430,
    ioctl: 16,
    keyctl: 250,
    landlock_add_rule: 445,
    landlock_create_ruleset: 444,
    landlock_restrict_self: 446,
    madvise: 28,
    mkdirat: 258,
    mmap: 9,
    mount_setattr: 442,
    move_mount: 429,
    mremap: 25,
    munmap: 11,
    open_tree: 428,
    openat: 257,
    openat2: 437,
    pivot_root: 155,
    poll: 7,
    ppoll: 271,
    prctl: 157,
    prlimit64: 302,
    pselect6: 270,
    read: 0,
    restart_syscall: 219,
    rt_sigprocmask: 14,
    rt_sigreturn: 15,
    select: 23,
    setdomainname: 171,
    setgroups: 116,
    sethostname: 170,
    setns: 308,
    setresgid: 119,
    setresuid: 117,
    setsid: 112,
    signalfd4: 289,
    symlinkat: 266,
    umount2: 166,
    unlinkat: 263,
    unshare: 272,
    wait4: 61,
    write: 1,
  },
  arm64: {
    brk: 214,
    capset: 91,
    clone: 220,
    close: 57,
    close_range: 436,
    dup3: 24,
    execve: 221,
    exit: 93,
    exit_group: 94,
    fchdir: 50,
    fcntl: 25,
    fsconfig: 431,
    fsmount: 432,
    fsopen: 430,
    ioctl: 29,
    keyctl: 219,
    landlock_add_rule: 445,
    landlock_create_ruleset: 444,
    landlock_restrict_self: 446,
    madvise: 233,
    mkdirat: 34,
    mmap: 222,
    mount_setattr: 442,
    move_mount: 429,
    mremap: 216,
    munmap: 215,
    open_tree: 428,
    openat: 56,
    openat2: 437,
    pivot_root: 41,
    ppoll: 73,
    prctl: 167,
    prlimit64: 261,
    pselect6: 72,
    read: 63,
    restart_syscall: 128,
    rt_sigprocmask: 135,
    rt_sigreturn: 139,
    setdomainname: 162,
    setgroups: 159,
    sethostname: 161,
    setns: 268,
    setresgid: 149,
    setresuid: 147,
    setsid: 157,
    signalfd4: 74,
    symlinkat: 36,
    umount2: 39,
    unlinkat: 35,
    unshare: 97,
    wait4: 260,
    write: 64,
  },
};

/** Other values that differ between architectures: flags of open(2), and the name of the architecture for seccomp(2). */
const OTHERS: Readonly<Partial<Record<string, Readonly<Record<string, number>>>>> = {
  x64: { O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000, arch: 0xc000_003e },
  arm64: { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000, arch: 0xc000_00b7 },
};

/** Whether the programs of perl(1) know this architecture, as Node names it. */
export function isKnownArchitecture(arch: string): boolean {
  return SYSTEM_CALLS[arch] !== undefined;
}

/** The number of one of them on this machine; 0 where this architecture is not known. */
export function systemCallNumber(name: string): number {
  return SYSTEM_CALLS[process.arch]?.[name] ?? 0;
}

/** The numbers as one word: `brk=12 capset=126 …`. */
export function systemCallWords(arch: string): string {
  const numbers = { ...SYSTEM_CALLS[arch], ...OTHERS[arch] };
  return Object.entries(numbers)
    .map(([name, number]) => `${name}=${number}`)
    .join(' ');
}
