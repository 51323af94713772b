/** The sets of capabilities(7) that a process has. */
export const CAPABILITY_SETS = ['effective', 'permitted', 'inheritable', 'bounding', 'ambient'] as const;

export type CapabilitySet = (typeof CAPABILITY_SETS)[number];

/** What a process may do, and what it never may (proc_pid_status(5)). */
export interface Privileges {
  readonly capabilities: Readonly<Record<CapabilitySet, bigint>>;
  readonly noNewPrivs: boolean;
  /** Mode of seccomp(2). */
  readonly seccomp: 'off' | 'strict' | 'filter';
  /** Undefined before Linux 5.9. */
  readonly seccompFilters: number | undefined;
}
