import { arch } from 'node:process';
import { shellWord, shellWords } from '../quote.ts';

/** Who hands a filter to the kernel: setpriv(1) where it can, from util-linux 2.41 on, else perl(1), which can make any system call. */
export type Loader = 'setpriv' | 'perl';

/** prctl(2) by its number: x86-64, and the architectures that came later. */
const PRCTL: Readonly<Partial<Record<string, number>>> = { x64: 157, arm64: 167 };

/**
 * Reads the program of the filter, sets it (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, prctl(2)) and becomes what follows.
 * -T keeps perl from loading what the environment or the working folder offers, -U and -X keep it from minding the rest.
 */
export function perlLoader(perl: string, file: string): string {
  const program = [
    'open F,"<:raw",shift and defined read F,$f,-s F or die "seccomp: $!\\n"; close F',
    `syscall(${PRCTL[arch] ?? 0},22,2,pack "Sx![J]P",length($f)/8,$f)==0 or die "seccomp: $!\\n"`,
    'exec {$ARGV[0]} @ARGV; die "$ARGV[0]: $!\\n"',
  ].join('; ');
  return `${perl} -XTUe ${shellWord(program)} ${shellWords([file])}`;
}

/** Whether the perl way knows this machine's numbers. */
export const perlKnowsThisMachine = (): boolean => PRCTL[arch] !== undefined;
