import { closeSync, openSync } from 'node:fs';
import { COMPARISONS, type ArgumentTest, type Filter, type Rule } from './filter.ts';

/** Values of libseccomp's seccomp.h. */
const ATTRIBUTE_BAD_ARCHITECTURE = 2;
const UNKNOWN_SYSCALL = -1;
const EEXIST = 17;

/** Numbers of calls that are newer than many a libseccomp; from 424 on they are the same on every architecture. */
const NEW_CALLS: Readonly<Record<string, number>> = { mount_setattr: 442, quotactl_fd: 443, open_tree_attr: 467 };

/** What is used of libseccomp.so.2: seccomp_init(3) and the pages it names. */
interface Libseccomp {
  init(otherwise: number): unknown;
  release(context: unknown): void;
  setAttribute(context: unknown, attribute: number, value: number): number;
  architecture(name: string): number;
  addArchitecture(context: unknown, token: number): number;
  syscall(name: string): number;
  addRule(context: unknown, action: number, syscall: number, count: number, tests: readonly object[]): number;
  exportBpf(context: unknown, fd: number): number;
}

/**
 * Writes a filter as a program for the kernel (BPF, seccomp(2)) into a new file.
 * @throws whatever keeps koffi or libseccomp from being loaded, or libseccomp from taking the filter.
 */
export async function writeBpf(filter: Filter, path: string): Promise<void> {
  const library = await load();
  const context = library.init(filter.otherwise);
  try {
    check('its other architectures', library.setAttribute(context, ATTRIBUTE_BAD_ARCHITECTURE, filter.elsewhere));
    for (const name of filter.architectures) addArchitecture(library, context, name);
    for (const rule of filter.rules) addRule(library, context, rule);
    write(library, context, path);
  } finally {
    library.release(context);
  }
}

function addArchitecture(library: Libseccomp, context: unknown, name: string): void {
  const token = library.architecture(name);
  if (token === 0) throw new Error(`libseccomp does not know the architecture ${name}`);
  const result = library.addArchitecture(context, token);
  if (result !== -EEXIST) check(name, result);
}

/** A call that this architecture or this libseccomp does not have cannot be made by a name either. */
function addRule(library: Libseccomp, context: unknown, { syscall, action, tests }: Rule): void {
  const resolved = library.syscall(syscall);
  const number = resolved === UNKNOWN_SYSCALL ? NEW_CALLS[syscall] : resolved;
  if (number === undefined) return;
  check(syscall, library.addRule(context, action, number, tests.length, tests.map(asStruct)));
}

function asStruct({ index, compare, value, mask }: ArgumentTest): object {
  const [first, second] = mask === undefined ? [value, 0n] : [mask, value];
  return { arg: index, op: COMPARISONS.indexOf(compare) + 1, datum_a: first, datum_b: second };
}

function write(library: Libseccomp, context: unknown, path: string): void {
  const fd = openSync(path, 'wx', 0o644);
  try {
    check('the program', library.exportBpf(context, fd));
  } finally {
    closeSync(fd);
  }
}

function check(what: string, result: number): void {
  if (result < 0) throw new Error(`libseccomp does not take ${what} (errno ${-result})`);
}

async function load(): Promise<Libseccomp> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load('libseccomp.so.2');
  koffi.reset();
  koffi.struct('scmp_arg_cmp', { arg: 'uint', op: 'int', datum_a: 'uint64_t', datum_b: 'uint64_t' });
  return {
    init: library.func('void *seccomp_init(uint32_t)'),
    release: library.func('void seccomp_release(void *)'),
    setAttribute: library.func('int seccomp_attr_set(void *, int, uint32_t)'),
    architecture: library.func('uint32_t seccomp_arch_resolve_name(const char *)'),
    addArchitecture: library.func('int seccomp_arch_add(void *, uint32_t)'),
    syscall: library.func('int seccomp_syscall_resolve_name(const char *)'),
    addRule: library.func('int seccomp_rule_add_array(void *, uint32_t, int, uint, const scmp_arg_cmp *)'),
    exportBpf: library.func('int seccomp_export_bpf(const void *, int)'),
  };
}
