import { CAPABILITY_SETS, type CapabilitySet, type Privileges } from '../model/privileges.ts';
import { readOnce } from './files.ts';

/** Lines of /proc/PID/status, which everybody may read. Undefined where there is none any more. */
export function readPrivileges(pid: number): Privileges | undefined {
  return parsePrivileges(readOnce(`/proc/${pid}/status`)?.toString('latin1') ?? '');
}

const LINES: Readonly<Record<CapabilitySet, string>> = {
  effective: 'CapEff',
  permitted: 'CapPrm',
  inheritable: 'CapInh',
  bounding: 'CapBnd',
  ambient: 'CapAmb',
};

const MODES = ['off', 'strict', 'filter'] as const;

/** A status that lacks one of the lines is cut off (proc_pid_status(5)). */
export function parsePrivileges(status: string): Privileges | undefined {
  const field = (name: string): string | undefined => new RegExp(`^${name}:\t([0-9a-f]+)$`, 'm').exec(status)?.[1];
  const sets = CAPABILITY_SETS.map((set) => [set, field(LINES[set])] as const);
  const noNewPrivs = field('NoNewPrivs');
  // A kernel without seccomp has no such line.
  const seccomp = MODES[Number(field('Seccomp') ?? 0)];
  if (sets.some(([, digits]) => digits === undefined) || noNewPrivs === undefined || seccomp === undefined)
    return undefined;
  const filters = field('Seccomp_filters');
  return {
    capabilities: Object.fromEntries(
      sets.map(([set, digits = '0']) => [set, BigInt(`0x${digits}`)]),
    ) as Privileges['capabilities'],
    noNewPrivs: noNewPrivs === '1',
    seccomp,
    seccompFilters: filters === undefined ? undefined : Number(filters),
  };
}
