import type { NamespaceType } from './namespace.ts';

/** What a sandbox may ask a host for, in the order in which it is shown. */
export const HOST_TOPICS = ['namespaces', 'ids', 'rootfs', 'limits', 'network', 'confinement', 'helper'] as const;

export type HostTopic = (typeof HOST_TOPICS)[number];

/** What this host can do, tried just now. */
export interface HostReport {
  readonly topics: readonly { readonly topic: HostTopic; readonly lines: readonly HostLine[] }[];
}

/**
 * One feature. `ok`: it works · `limited`: it works in part, or not without a password · `missing`: a sandbox that
 * asks for it does not start.
 */
export interface HostLine {
  readonly id: string;
  readonly status: 'ok' | 'limited' | 'missing';
  /** Set where no sandbox starts without it. */
  readonly needed?: true;
  readonly finding: Finding;
  readonly fix?: HostFix | undefined;
}

/** No arguments. */
type None = Readonly<Record<string, never>>;

/** What was found, or the cause where something does not work; text/host.ts has the sentences. */
export interface FindingArguments {
  // namespaces
  kernel: { version: string };
  kernelTooOld: { version: string; needed: string };
  utilLinux: { version: string };
  utilLinuxTooOld: { version: string; needed: string };
  programs: { count: number };
  programMissing: { program: string };
  namespace: { type: NamespaceType };
  namespaceLimit: { type: NamespaceType; setting: string };
  namespaceNotInKernel: { type: NamespaceType };
  namespaceRefused: { type: NamespaceType; reason: string };
  ownerRefused: { reason: string };
  userNamespacesOff: { setting: string };
  userNamespacesForbidden: { setting: string };
  userNamespacesUsedUp: { setting: string; limit: string };
  userNamespacesUsedUpOutside: { setting: string };
  userNamespacesNotInKernel: None;
  userNamespacesInChroot: None;
  userNamespacesFiltered: None;
  userNamespacesAppArmor: { setting: string };
  userNamespacesAppArmorProfile: { profile: string };
  userNamespacesSelinux: None;
  userNamespacesRefused: { reason: string };
  ownProc: None;
  ownProcCovered: { mounts: readonly string[] };
  ownProcRefused: { reason: string };
  /** What cannot be tried while the user namespace is refused. */
  untried: { feature: 'otherNamespaces' | 'idRanges' | 'overlay' | 'links' };
  // ids
  idsShifted: { first: number };
  idRanges: { count: number };
  idRangesUnset: { files: readonly string[] };
  idRangesNoNewPrivileges: None;
  idRangesNosuid: { program: string; mount: string };
  idRangesPowerless: { program: string };
  idRangesRefused: { reason: string };
  // root file systems
  overlay: { folder: string };
  overlayNotInKernel: { reason: string };
  overlayNotHere: { folder: string; filesystem: string; reason: string };
  stateFolderUnusable: { folder: string; reason: string };
  readOnlyTree: { outcome: MountOutcome };
  idmappedMount: { outcome: MountOutcome };
  // limits
  controller: { controller: Controller; way: 'systemd' | 'own' };
  controllerNotYours: { controller: Controller; lacks: 'manager' | 'delegation' | 'support'; helper: boolean };
  controllerClosed: { controller: Controller; folder: string; reason: string };
  controllerNotMounted: { controller: Controller };
  controllerSwitchedOff: { controller: Controller };
  controllerNotInKernel: { controller: Controller };
  pressure: None;
  pressureOff: None;
  // network
  internet: { program: string };
  internetWithoutPorts: None;
  internetMissing: None;
  filterMissing: None;
  tun: None;
  tunMissing: { reason: string };
  tunClosed: None;
  links: None;
  linksRefused: { reason: string };
  labs: None;
  labsRefused: { reason: string };
  linkConditions: { keys: readonly string[]; kind: string };
  linkConditionsRefused: { keys: readonly string[]; kind: string; reason: string };
  labInternet: None;
  labInternetMissing: { program: string };
  labInternetTooOld: { program: string; option: string; needed: string };
  labInternetRefused: { reason: string };
  // confinement
  seccompLibrary: { path: string };
  seccompLibraryMissing: None;
  seccompLoader: { program: string };
  seccompLoaderFails: { program: string; reason: string };
  seccompLoaderMissing: None;
  landlock: None;
  landlockRefused: { reason: string };
  landlockOff: None;
  landlockTooOld: { version: number };
  // helper
  helperAsRoot: None;
  helperRuns: None;
  helperLacks: { programs: readonly string[]; controllers: readonly Controller[] };
  pkexec: None;
  pkexecPowerless: { path: string };
  polkit: None;
  polkitSilent: { reason: string };
  agent: { kind: 'desktop' | 'terminal' };
  agentMissing: None;
  sudo: None;
  sudoMissing: None;
}

export type FindingCode = keyof FindingArguments;

export type Finding = {
  [Code in FindingCode]: { readonly code: Code; readonly args: FindingArguments[Code] };
}[FindingCode];

/** Where a user may make no user namespace, but root may: a helper does (user_namespaces(7)). */
export const ONLY_ROOTS: readonly FindingCode[] = ['userNamespacesOff', 'userNamespacesAppArmor'];

/** The narrowest way out: why it helps, and commands to copy, each one line for a shell. */
export interface HostFix {
  readonly code: FixCode;
  readonly commands: readonly string[];
  /** A file that one of the commands writes. */
  readonly file?: { readonly path: string; readonly content: string };
}

export const FIX_CODES = [
  'install',
  'upgradeKernel',
  'upgradeUtilLinux',
  'setting',
  'settingOutside',
  'appArmorProfile',
  'containerOptions',
  'leaveChroot',
  'selinuxModule',
  'otherRuntime',
  'ordinaryUser',
  'addRanges',
  'correctRanges',
  'makeSetuid',
  'remountSuid',
  'withoutNoNewPrivileges',
  'loadModule',
  'otherStateFolder',
  'delegate',
  'findManager',
  'startManager',
  'mountCgroups',
  'kernelParameter',
  'openTun',
  'startPolkit',
  'useTerminal',
] as const;

export type FixCode = (typeof FIX_CODES)[number];

/** Whether an option of mount(8) holds: some versions accept one that they do not know. */
export type MountOutcome = 'works' | 'ignored' | 'refused';

/** Controllers that limits need, by their names of cgroup v2 (cgroup-v2.rst, "Controllers"). */
export const CONTROLLERS = ['memory', 'pids', 'cpu', 'cpuset', 'io', 'hugetlb'] as const;

export type Controller = (typeof CONTROLLERS)[number];

export function finding<Code extends FindingCode>(code: Code, args: FindingArguments[Code]): Finding {
  return { code, args } as Finding;
}
