/** What a filter does with system calls, in the values of libseccomp's seccomp.h; an errno stands in the lower half of an action. */
export interface Filter {
  readonly otherwise: number;
  /** For calls by another architecture's convention, such as those of 32-bit programs. */
  readonly elsewhere: number;
  /** Architectures beside the machine's own, by libseccomp's names: `x86`. */
  readonly architectures: readonly string[];
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly syscall: string;
  readonly action: number;
  /** All of them must hold. */
  readonly tests: readonly ArgumentTest[];
}

/** A look at one argument; `mask` belongs to `maskedEqual`. */
export interface ArgumentTest {
  readonly index: number;
  readonly compare: Comparison;
  readonly value: bigint;
  readonly mask?: bigint;
}

/** seccomp_rule_add(3), in the order of its numbers, which begin with 1. */
export const COMPARISONS = [
  'notEqual',
  'less',
  'lessOrEqual',
  'equal',
  'greaterOrEqual',
  'greater',
  'maskedEqual',
] as const;
export type Comparison = (typeof COMPARISONS)[number];

export const ALLOW = 0x7fff_0000;
export const KILL = 0;
export const refuse = (errno: number): number => 0x0005_0000 + errno;

/** errno(3), the same on all architectures that are served. */
export const EPERM = 1;
export const ENOSYS = 38;
export const EAFNOSUPPORT = 97;
