import type { NamespaceType } from './namespace.ts';
import type { JoinedInterface } from './lab.ts';
import type { LimitKey } from './limits/table.ts';
import type { Network, Profile } from './profile.ts';

/** A sandbox as its state on disk names it; whether it runs is for /proc to say. */
export interface Sandbox {
  /** `[a-z0-9][a-z0-9-]{0,31}`; it stands in PID 1's argv, in the runtime folder's name and in its cgroup's. */
  readonly id: string;
  readonly profile: string;
  readonly hostname: string;
  readonly lifetime: Profile['lifetime'];
  readonly workspaceFolder: string | undefined;
  /** Label of the root file system: `host`, or a path. */
  readonly rootfs: string;
  /** PID 1, as the host counts, with the start time that pins it (clock ticks after boot). */
  readonly pid: number;
  readonly startTime: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Whether it is kept ready for the next who asks for its profile, and nobody has used it yet. */
  readonly spare: boolean;
  /** Private folder with start.sh, join.sh and the state file. */
  readonly folder: string;
  readonly limits: LimitsGiven;
  /** Folders outside in which what it writes lies on a disk: a kept home, the layers of overlays. */
  readonly disk?: readonly string[];
  /** Absent where all its namespaces are its own. */
  readonly outside?: Outside | undefined;
  readonly network: Network;
  /** Absent where it is in no lab. */
  readonly lab?: InLab | undefined;
  /** The process that is its way out, outside of its namespaces. */
  readonly wayOut: { readonly pid: number; readonly startTime: number } | undefined;
  /** What the caller should be told when the terminal opens: codes with arguments, as problems are. */
  readonly notes: readonly SandboxNote[];
}

/** How a sandbox is in a lab. */
export interface InLab {
  readonly id: string;
  readonly folder: string;
  readonly hub: Pinned;
  /** Whether one of its networks has a way out. */
  readonly internet: boolean;
  readonly interfaces: readonly JoinedInterface[];
}

/** A process, with the start time that tells it from a later one of the same number. */
export interface Pinned {
  readonly pid: number;
  readonly startTime: number;
}

/** Which namespaces of a sandbox are not its own. */
export interface Outside {
  readonly host: readonly NamespaceType[];
  readonly shared: readonly NamespaceType[];
  /** A process beside the sandbox, in the user namespace that owns the shared ones: through it they are entered. */
  readonly keeper: Pinned | undefined;
}

/** What of the asked-for limits holds, and by which way. */
export interface LimitsGiven {
  readonly way: 'none' | 'systemd' | 'own' | 'helper';
  /** Folders of the sandbox's cgroups in the host's view, by limit key. */
  readonly cgroups: Readonly<Partial<Record<LimitKey, string>>>;
  /** The limits that hold, as they were asked for (`64M`). */
  readonly held: Readonly<Partial<Record<LimitKey, string>>>;
  /** Those that do not (only in a best-effort profile), each with the reason in words of the host. */
  readonly missing: Readonly<Partial<Record<LimitKey, string>>>;
}

export type SandboxNote =
  | { readonly note: 'limitsMissing'; readonly keys: readonly LimitKey[]; readonly reason: string }
  | { readonly note: 'seccompMissing'; readonly reason: string }
  | { readonly note: 'singleId' }
  | { readonly note: 'ownershipNotKept' }
  | { readonly note: 'foreignOwner' }
  | { readonly note: 'workspaceMissing' }
  | { readonly note: 'hostNetwork' }
  | { readonly note: 'offline' }
  | { readonly note: 'sharedNamespace'; readonly type: NamespaceType; readonly with: string }
  | { readonly note: 'hostNamespaces'; readonly types: readonly NamespaceType[] };
