import type { Capabilities } from '../../model/profile.ts';
import { hasCapability } from '../capabilities.ts';
import { ALLOW, EAFNOSUPPORT, ENOSYS, EPERM, refuse, type ArgumentTest, type Filter, type Rule } from './filter.ts';

/** What belongs to the whole machine, and what has opened ways into the kernel again and again; no ordinary program needs it. */
const REFUSED = [
  // the machine
  ...['acct', 'reboot', 'swapoff', 'swapon', 'syslog', 'vhangup', 'quotactl', 'quotactl_fd', 'nfsservctl'],
  ...['settimeofday', 'stime', 'clock_settime', 'ioperm', 'iopl', 'modify_ldt'],
  // the kernel's code
  ...['kexec_load', 'kexec_file_load', 'create_module', 'init_module', 'finit_module', 'delete_module', 'query_module'],
  ...['bpf', 'perf_event_open', 'userfaultfd', 'lookup_dcookie'],
  // what ignores the mounts, and the pages of others
  ...['open_by_handle_at', 'move_pages', 'migrate_pages'],
  // long out of use
  ...['_sysctl', 'get_kernel_syms', 'sysfs', 'uselib', 'ustat'],
];

/** Programs do without where the kernel has none of it: the keys of the kernel know no namespace, io_uring passes by this filter. */
const NOT_THERE = ['add_key', 'keyctl', 'request_key', 'io_uring_setup', 'io_uring_enter', 'io_uring_register'];

/** What only somebody with CAP_SYS_ADMIN may do, and who makes a user namespace has that in it (user_namespaces(7)). */
const ADMIN = [
  ...['mount', 'umount', 'umount2', 'pivot_root', 'setns', 'mount_setattr', 'move_mount'],
  ...['open_tree', 'open_tree_attr', 'fsconfig', 'fsmount', 'fsopen', 'fspick'],
];

const CLONE_NEWUSER = 0x1000_0000n;

/** ioctl_tty(2): both type into the terminal on behalf of its user. */
const TYPING = { TIOCSTI: 0x5412n, TIOCLINUX: 0x541cn };

/** What makes sockets of a family: one (socket(2)), or two that are connected (socketpair(2)). */
const SOCKET_CALLS = ['socket', 'socketpair'];

/** address_families(7): unix, inet, inet6, netlink and packet remain. */
const FAMILIES = { between: [3n, 4n, 5n, 6n, 7n, 8n, 9n, 11n, 12n, 13n, 14n, 15n], from: 18n };

/**
 * The filter of every sandbox: what it does not name is allowed. Calls by another architecture's convention are not
 * there at all, because the arguments of some cannot be looked at.
 */
export function defaultFilter(capabilities: Capabilities): Filter {
  return {
    otherwise: ALLOW,
    elsewhere: refuse(ENOSYS),
    architectures: [],
    rules: [
      ...REFUSED.map((name) => rule(name, EPERM)),
      ...NOT_THERE.map((name) => rule(name, ENOSYS)),
      ...Object.values(TYPING).map((request) => rule('ioctl', EPERM, lowHalf(1, request))),
      ...SOCKET_CALLS.flatMap(withoutFamilies),
      ...(hasCapability(capabilities, 'sys_admin') ? [] : withoutAdmin()),
    ],
  };
}

function withoutFamilies(syscall: string): readonly Rule[] {
  return [
    ...FAMILIES.between.map((family) => rule(syscall, EAFNOSUPPORT, { index: 0, compare: 'equal', value: family })),
    rule(syscall, EAFNOSUPPORT, { index: 0, compare: 'greaterOrEqual', value: FAMILIES.from }),
  ];
}

/** The flags of clone3(2) lie in memory, where a filter cannot look: programs fall back to clone(2). */
function withoutAdmin(): readonly Rule[] {
  const newUser: ArgumentTest = { index: 0, compare: 'maskedEqual', mask: CLONE_NEWUSER, value: CLONE_NEWUSER };
  return [
    ...ADMIN.map((name) => rule(name, EPERM)),
    rule('unshare', EPERM, newUser),
    rule('clone', EPERM, newUser),
    rule('clone3', ENOSYS),
  ];
}

/** The kernel takes 32 bits of it: whatever stands above them must not hide it. */
function lowHalf(index: number, value: bigint): ArgumentTest {
  return { index, compare: 'maskedEqual', mask: 0xffff_ffffn, value };
}

function rule(syscall: string, errno: number, ...tests: readonly ArgumentTest[]): Rule {
  return { syscall, action: refuse(errno), tests };
}
