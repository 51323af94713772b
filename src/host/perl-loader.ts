import { arch } from 'node:process';

/** prctl(2) by its number: x86-64, and the architectures that came later. */
const PRCTL: Readonly<Partial<Record<string, number>>> = { x64: 157, arm64: 167 };

/** Whether perl(1) can set a filter of system calls on this architecture. */
export const perlKnowsThisMachine = PRCTL[arch] !== undefined;

/**
 * Arguments of perl(1), before the file with the filter and a command line: it reads the filter, sets it
 * (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, prctl(2)) and becomes the command.
 * -f and -T keep perl from loading what the image, the environment or the working folder offers, -U and -X keep it from minding the rest.
 */
export const PERL_LOADER = [
  '-fXTUe',
  [
    'open F,"<:raw",shift and defined read F,$f,-s F or die "seccomp: $!\\n"; close F',
    `syscall(${PRCTL[arch] ?? 0},22,2,pack "Sx![J]P",length($f)/8,$f)==0 or die "seccomp: $!\\n"`,
    'exec {$ARGV[0]} @ARGV; die "$ARGV[0]: $!\\n"',
  ].join('; '),
] as const;
