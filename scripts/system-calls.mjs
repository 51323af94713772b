// Prints the table of src/host/system-calls.ts from the headers of the kernel (package linux-libc-dev): node scripts/system-calls.mjs
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

/** What the programs of perl(1) call. */
const NAMES =
  `brk capset clone close close_range dup3 execve exit exit_group fchdir fcntl fsconfig fsmount fsopen ioctl keyctl landlock_add_rule
  landlock_create_ruleset landlock_restrict_self madvise mkdirat mmap mount_setattr move_mount mremap munmap open_tree openat openat2
  pivot_root poll ppoll prctl prlimit64 pselect6 read restart_syscall rt_sigprocmask rt_sigreturn select setdomainname setgroups
  sethostname setns setresgid setresuid setsid signalfd4 symlinkat umount2 unlinkat unshare wait4 write`.split(/\s+/);

const HEADERS = { x64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h', arm64: '/usr/include/asm-generic/unistd.h' };

/**
 * The numbers of one architecture. A call that it does not have is left out.
 * @param {keyof typeof HEADERS} arch
 */
export function numbersOf(arch) {
  const text = readFileSync(HEADERS[arch], 'utf8');
  const defined = new Map(
    [...text.matchAll(/^#define __NR(?:3264)?_(\w+)\s+(\d+)$/gm)].map(([, name, number]) => [name, Number(number)]),
  );
  return Object.fromEntries(NAMES.flatMap((name) => (defined.has(name) ? [[name, defined.get(name)]] : [])));
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const arch of /** @type {const} */ (['x64', 'arm64']))
    console.log(`  ${arch}: ${JSON.stringify(numbersOf(arch), undefined, 2)},`);
}
