/** One line of /proc/PID/uid_map: ids from `inside` on are those from `outside` on (user_namespaces(7)). */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

export interface Route {
  /** `default`, or an address with its prefix length. */
  readonly to: string;
  readonly via: string | undefined;
  readonly device: string;
}

/** A socket that waits for peers. */
export interface Listening {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
}

/** What a namespace holds, by its type. */
export type NamespaceDetails =
  | { readonly type: 'user'; readonly uidMap: readonly IdRange[]; readonly gidMap: readonly IdRange[] }
  | { readonly type: 'mnt'; readonly mounts: number }
  | { readonly type: 'pid' }
  | {
      readonly type: 'net';
      readonly links: readonly string[];
      readonly addresses: readonly string[];
      readonly routes: readonly Route[];
      readonly listening: readonly Listening[];
    }
  /** Numbers of System V objects, as ipcs(1) counts them. */
  | { readonly type: 'ipc'; readonly queues: number; readonly segments: number; readonly semaphores: number }
  | { readonly type: 'uts'; readonly hostname: string }
  /** Its root by hierarchy, as the observer sees it; those are left out that cannot be told. */
  | { readonly type: 'cgroup'; readonly roots: Readonly<Record<string, string>> }
  /** Seconds that are added to the host's clocks. */
  | { readonly type: 'time'; readonly monotonic: number; readonly boottime: number };

/** What was found in a namespace, or why it cannot be told. */
export type Found = { readonly details: NamespaceDetails } | { readonly unknown: string };
