import type { LabMembership } from './lab.ts';
import type { Limits } from './limits/table.ts';
import type { NamespaceType } from './namespace.ts';

/** What a sandbox should be, checked and complete: every default is in, every variable expanded, every path absolute. */
export interface Profile {
  readonly name: string;
  readonly source: ProfileSource;
  readonly description: string;
  readonly hostname: string;
  /** NIS domain name (domainname(1)); undefined leaves `(none)`. */
  readonly domainname: string | undefined;
  readonly namespaces: Namespaces;
  readonly user: SandboxUser;
  /** Which ids exist inside: `auto` is the ranges of /etc/subuid where the caller has them, else one id. */
  readonly ids: 'auto' | 'single' | 'ranges';
  readonly rootfs: Rootfs;
  /** Whether the root file system cannot be written to. The `host` root never can. */
  readonly readOnly: boolean;
  readonly workspace: 'rw' | 'ro' | 'none';
  /** Whether a built-in profile asks for the workspace and has to go without, because no folder is open. */
  readonly workspaceMissing: boolean;
  /** `empty`: a fresh tmpfs each time. `kept`: a private home of this profile that stays. */
  readonly home: 'empty' | 'kept';
  /** Host folders with the user's own programs, bound read-only (absolute paths; one that does not exist is left out). */
  readonly tools: readonly string[];
  readonly mounts: readonly Mount[];
  /** Paths inside that are hidden, and that are read-only, beside those of every sandbox. */
  readonly maskedPaths: readonly string[];
  readonly readOnlyPaths: readonly string[];
  readonly network: Network;
  /** The networks of its file that it joins; undefined is none. */
  readonly lab: LabMembership | undefined;
  readonly limits: Limits;
  /** Resource limits of each process (getrlimit(2)), by their names in prlimit(1). */
  readonly rlimits: Readonly<Partial<Record<RlimitName, Rlimit>>>;
  readonly capabilities: Capabilities;
  readonly noNewPrivileges: boolean;
  readonly seccomp: Seccomp;
  /** Rules of Landlock (landlock(7)) for every process; undefined is none. */
  readonly landlock: Landlock | undefined;
  /** Seconds added to the sandbox's clocks (time_namespaces(7)). */
  readonly time: { readonly boottime: number; readonly monotonic: number };
  readonly env: Readonly<Record<string, string>>;
  /** Names of variables that pass from the caller's environment; nothing else does. */
  readonly envPass: readonly string[];
  /** Where a terminal starts; undefined is the workspace, else the home. */
  readonly cwd: string | undefined;
  /** Undefined is the first found inside of $SHELL, bash, ash, sh. */
  readonly shell: string | undefined;
  /** What a terminal runs instead of a shell, as program and arguments. */
  readonly command: readonly string[] | undefined;
  /** Command lines of sh that run once, inside and confined, before the first terminal. */
  readonly init: readonly string[];
  readonly lifetime: 'terminal' | 'window' | 'untilStopped';
}

export type ProfileSource = 'builtin' | 'user' | 'workspace';

/** Which namespace of each type a sandbox is in. */
export type Namespaces = Readonly<Record<NamespaceType, NamespaceChoice>>;

/** A new one, the caller's own, that of a running sandbox, or the one that a path keeps (namespaces(7)). */
export type NamespaceChoice =
  | { readonly kind: 'new' }
  | { readonly kind: 'host' }
  | { readonly kind: 'sandbox'; readonly name: string }
  | { readonly kind: 'path'; readonly path: string };

/** Who one is inside: root, the caller's own uid and gid, or another uid and gid. */
export type SandboxUser = 'root' | 'same' | { readonly uid: number; readonly gid: number };

export type Rootfs =
  | { readonly kind: 'host' }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'tar'; readonly path: string; readonly sha256: string | undefined };

/** What is mounted beside the root file system, the workspace and the home, in this order. */
export type Mount = BindMount | TmpfsMount | OverlayMount | MaskMount;

export interface BindMount {
  readonly kind: 'bind';
  readonly bind: string;
  readonly to: string;
  readonly readOnly: boolean;
}

export interface TmpfsMount {
  readonly kind: 'tmpfs';
  readonly to: string;
  /** Bytes; undefined is the kernel's default, half of the memory. */
  readonly size: number | undefined;
}

/** A host folder whose changes are kept apart, and are gone with the sandbox. */
export interface OverlayMount {
  readonly kind: 'overlay';
  readonly overlay: string;
  readonly to: string;
}

export interface MaskMount {
  readonly kind: 'mask';
  readonly mask: string;
}

export const NETWORK_MODES = ['none', 'host', 'internet'] as const;

export interface Network {
  readonly mode: (typeof NETWORK_MODES)[number];
  /** Ports of the host that lead to a port inside. */
  readonly publish: readonly PublishedPort[];
  /** TCP ports of the host's loopback that can be reached on the sandbox's own. */
  readonly hostPorts: readonly number[];
}

/** Whether any port leads in or out. */
export function hasPorts({ publish, hostPorts }: Pick<Network, 'publish' | 'hostPorts'>): boolean {
  return publish.length + hostPorts.length > 0;
}

/** The link inside of a sandbox in a lab through which published ports lead; none into a network can be called so beside it. */
export const PORTS_DEVICE = 'ports';

export interface PublishedPort {
  /** Address of the host to listen on. */
  readonly address: string;
  readonly host: number;
  readonly inside: number;
  readonly protocol: 'tcp' | 'udp';
}

/** Those of getrlimit(2) that prlimit(1) can set. */
export const RLIMIT_NAMES = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
] as const;
export type RlimitName = (typeof RLIMIT_NAMES)[number];

/** In the units of getrlimit(2); undefined is unlimited. */
export interface Rlimit {
  readonly soft: number | undefined;
  readonly hard: number | undefined;
}

/** `default`: the OCI list; `all` and `none`: of the sandbox's own user namespace. Names are those of capabilities(7), such as `net_raw`. */
export interface Capabilities {
  readonly base: 'default' | 'all' | 'none';
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/** `default`: a filter where this host can load one; `strict`: the same filter or no start; `file`: an OCI seccomp profile. */
export type Seccomp =
  { readonly kind: 'default' | 'strict' | 'off' } | { readonly kind: 'file'; readonly path: string };

/** Paths inside that may be read and run, and those that may be written too; nothing else can be opened. */
export interface Landlock {
  readonly readOnly: readonly string[];
  readonly readWrite: readonly string[];
}
