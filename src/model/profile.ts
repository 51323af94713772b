/** What a sandbox should be, checked and complete: every default is in, every variable expanded, every path absolute. */
export interface Profile {
  readonly name: string;
  readonly source: ProfileSource;
  readonly description: string;
  readonly hostname: string;
  readonly rootfs: Rootfs;
  readonly workspace: 'rw' | 'ro' | 'none';
  /** Whether a built-in profile asks for the workspace and has to go without, because no folder is open. */
  readonly workspaceMissing: boolean;
  /** `empty`: a fresh tmpfs each time. `kept`: a private home of this profile that stays. */
  readonly home: 'empty' | 'kept';
  /** Host folders with the user's own programs, bound read-only (absolute paths; one that does not exist is left out). */
  readonly tools: readonly string[];
  readonly mounts: readonly BindMount[];
  readonly network: 'none' | 'host' | 'internet';
  readonly limits: Limits;
  /** `default`: the OCI list; `all`: every capability of the sandbox's own user namespace. */
  readonly capabilities: 'default' | 'all';
  /** Seconds added to the sandbox's clocks (time_namespaces(7)). */
  readonly time: { readonly boottime: number; readonly monotonic: number };
  readonly env: Readonly<Record<string, string>>;
  /** Names of variables that pass from the caller's environment; nothing else does. */
  readonly envPass: readonly string[];
  /** Where a terminal starts; undefined is the workspace, else the home. */
  readonly cwd: string | undefined;
  /** Undefined is the first found inside of $SHELL, bash, ash, sh. */
  readonly shell: string | undefined;
  readonly lifetime: 'terminal' | 'window' | 'untilStopped';
}

export type ProfileSource = 'builtin' | 'user' | 'workspace';

export type Rootfs =
  | { readonly kind: 'host' }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'tar'; readonly path: string; readonly sha256: string | undefined };

export interface BindMount {
  readonly bind: string;
  readonly to: string;
  readonly readOnly: boolean;
}

/** Limits by their cgroup v2 names (the kernel's cgroup-v2.rst). An absent key is no limit. */
export interface Limits {
  /** `strict`: a limit that cannot be had is an error. `best-effort`: it is said, and the sandbox starts. */
  readonly mode: 'strict' | 'best-effort';
  /** Bytes. */
  readonly 'memory.max': number | undefined;
  readonly 'pids.max': number | undefined;
  /** CPU time in microseconds per period of microseconds. */
  readonly 'cpu.max': CpuMax | undefined;
}

export interface CpuMax {
  readonly quota: number;
  readonly period: number;
}

export const LIMIT_KEYS = ['memory.max', 'pids.max', 'cpu.max'] as const;
export type LimitKey = (typeof LIMIT_KEYS)[number];
