import type {
  Controller,
  Finding,
  FindingArguments,
  FindingCode,
  FixCode,
  HostFix,
  MountOutcome,
} from '../model/host.ts';
import type { NamespaceType } from '../model/namespace.ts';

type Sentences = { readonly [Code in FindingCode]: (args: FindingArguments[Code]) => string };

const ISOLATED: Readonly<Record<NamespaceType, string>> = {
  user: 'ids and rights of its own',
  mnt: 'a file tree of its own',
  pid: 'only its own processes',
  net: 'network devices of its own',
  ipc: 'message queues and shared memory of its own',
  uts: 'a host name of its own',
  cgroup: 'a cgroup tree of its own',
  time: 'clocks of its own',
};

const LIMITED: Readonly<Record<Controller, string>> = {
  memory: 'memory.max',
  pids: 'pids.max',
  cpu: 'cpu.max',
  cpuset: 'cpuset.cpus',
  io: 'io.max',
  hugetlb: 'hugetlb.*.max',
};

const LACKING = {
  delegation: 'your systemd manager was not given this controller',
  manager: 'you have no systemd manager and no cgroup of your own here',
  support: 'systemd managers know no such controller, and you have no cgroup of your own',
} as const;

const UNTRIED: Readonly<Record<FindingArguments['untried']['feature'], string>> = {
  otherNamespaces: 'The other seven namespaces',
  idRanges: 'Mapping more than one id',
  overlay: 'Folders and archives as root file systems',
  links: 'Links between sandboxes',
};

/** What is done instead where an option does not hold. */
function option(name: string, outcome: MountOutcome, instead: string): string {
  return outcome === 'ignored'
    ? `mount accepts the option ${name} and ignores it: ${instead}.`
    : `mount does not take the option ${name}: ${instead}.`;
}

const quotedKeys = (keys: readonly string[]): string => keys.map((key) => `"${key}"`).join(', ');

const SENTENCES: Sentences = {
  kernel: ({ version }) => `Linux ${version}`,
  kernelTooOld: ({ version, needed }) => `Linux ${version} is too old: ${needed} or newer is needed.`,
  utilLinux: ({ version }) => `util-linux ${version}`,
  utilLinuxTooOld: ({ version, needed }) => `util-linux ${version} is too old: ${needed} or newer is needed.`,
  programs: ({ count }) => `All ${count} programs that every sandbox needs`,
  programMissing: ({ program }) => `The program ${program} is missing.`,
  namespace: ({ type }) => `${type} namespace: ${ISOLATED[type]}`,
  namespaceLimit: ({ type, setting }) => `No ${type} namespace can be made: the limit ${setting} is reached.`,
  namespaceNotInKernel: ({ type }) => `No ${type} namespace can be made: this kernel was built without them.`,
  namespaceRefused: ({ type, reason }) => `No ${type} namespace can be made (${reason}).`,
  ownerRefused: ({ reason }) =>
    `You are root, and sandboxes of root run with other, high ids, which do not exist in this container (${reason}).`,
  userNamespacesOff: ({ setting }) => `Only root may make user namespaces: ${setting} is 0.`,
  userNamespacesForbidden: ({ setting }) => `No user namespace may be made: ${setting} is 0.`,
  userNamespacesUsedUp: ({ setting, limit }) =>
    `No more user namespaces can be made: you have as many as ${setting} allows (${limit}).`,
  userNamespacesUsedUpOutside: ({ setting }) =>
    `No more user namespaces can be made: this is a container, and ${setting} of the system around it is reached, or 32 are nested.`,
  userNamespacesNotInKernel: () => 'No user namespace can be made: this kernel was built without them.',
  userNamespacesInChroot: () =>
    'No user namespace can be made in a chroot, and this process is in one (user_namespaces(7)).',
  userNamespacesFiltered: () =>
    'No user namespace can be made: a system call filter (seccomp) that was set around this process refuses it, as containers do.',
  userNamespacesAppArmor: ({ setting }) =>
    `AppArmor takes all rights from user namespaces of programs without a profile: ${setting} is 1.`,
  userNamespacesAppArmorProfile: ({ profile }) =>
    `AppArmor refuses user namespaces or their rights to this process: it runs under the profile ${profile}.`,
  userNamespacesSelinux: () => 'SELinux refuses user namespaces to this user.',
  userNamespacesRefused: ({ reason }) => `No user namespace with rights of its own can be made (${reason}).`,
  ownProc: () => 'A /proc of its own',
  ownProcCovered: ({ mounts }) =>
    `No new /proc can be mounted, because parts of the present one are covered, as containers do: ${mounts.join(', ')}.`,
  ownProcRefused: ({ reason }) => `No new /proc can be mounted (${reason}).`,
  untried: ({ feature }) => `${UNTRIED[feature]} could not be tried: that needs a user namespace.`,
  idsShifted: ({ first }) =>
    `You are root: ids inside are ${first} and higher outside, never root's. So a workspace cannot be writable inside.`,
  idRanges: ({ count }) => `Your own id and ${count} subordinate ids exist inside`,
  idRangesUnset: ({ files }) => `Only one id exists inside: there is no line for you in ${files.join(' and ')}.`,
  idRangesNoNewPrivileges: () =>
    'Only one id exists inside: this process may gain no privileges (no_new_privs), so newuidmap has none.',
  idRangesNosuid: ({ program, mount }) =>
    `Only one id exists inside: ${program} has no privileges, because ${mount} is mounted nosuid.`,
  idRangesPowerless: ({ program }) =>
    `Only one id exists inside: ${program} is neither set-user-ID root nor has it file capabilities.`,
  idRangesRefused: ({ reason }) => `Only one id exists inside: your subordinate ids cannot be mapped (${reason}).`,
  overlay: ({ folder }) => `Folders and archives can be root file systems; their changes go to ${folder}`,
  overlayNotInKernel: ({ reason }) =>
    `Only the host's own root can be used: the kernel mounts no overlay here (${reason}).`,
  overlayNotHere: ({ folder, filesystem, reason }) =>
    `Only the host's own root can be used: ${folder} is on ${filesystem}, which cannot take the changes to another (${reason}).`,
  stateFolderUnusable: ({ folder, reason }) =>
    `Only the host's own root can be used: ${folder} cannot take the changes to another (${reason}).`,
  readOnlyTree: ({ outcome }) =>
    outcome === 'works'
      ? 'A whole tree becomes read-only at once (ro=recursive)'
      : option('ro=recursive', outcome, 'mounts below another are made read-only one by one'),
  idmappedMount: ({ outcome }) =>
    outcome === 'works'
      ? 'Owners of files can be shown as others (X-mount.idmap)'
      : option('X-mount.idmap', outcome, "files keep their owners, so a workspace of root's cannot be writable"),
  controller: ({ controller, way }) =>
    `${LIMITED[controller]}: ${way === 'systemd' ? 'your systemd manager keeps it' : 'in a cgroup of your own'}`,
  controllerNotYours: ({ controller, lacks, helper }) =>
    `${LIMITED[controller]}: ${LACKING[lacks]}${helper ? '; the helper can set it, which asks for a password' : ''}.`,
  controllerClosed: ({ controller, folder, reason }) =>
    `${LIMITED[controller]}: no cgroup can be used in ${folder} (${reason}).`,
  controllerNotMounted: ({ controller }) => `${LIMITED[controller]}: no mounted cgroup tree has its controller.`,
  controllerSwitchedOff: ({ controller }) =>
    `${LIMITED[controller]}: the kernel was started with this controller off (cgroup_disable).`,
  controllerNotInKernel: ({ controller }) => `${LIMITED[controller]}: this kernel was built without its controller.`,
  pressure: () => 'What waits for memory, CPU or disk is told (/proc/pressure)',
  pressureOff: () => 'What waits for memory, CPU or disk is not told: there is no /proc/pressure.',
  internet: ({ program }) => `The internet, through ${program}`,
  internetWithoutPorts: () =>
    'The internet, through slirp4netns, which forwards no ports: "publish" and "hostPorts" need pasta.',
  filterMissing: () => 'No internet inside: nft, which keeps this machine out of reach, is missing.',
  internetMissing: () => 'No internet without root: there is neither pasta nor slirp4netns.',
  tun: () => '/dev/net/tun, from which the device for the internet comes',
  tunMissing: ({ reason }) => `No internet inside: /dev/net/tun cannot be opened (${reason}).`,
  tunClosed: () => 'No internet inside: /dev/net/tun is closed to you.',
  links: () => 'Links between the networks of sandboxes (veth, bridge)',
  linksRefused: ({ reason }) => `No links between the networks of sandboxes, and so no labs (${reason}).`,
  labs: () => 'Labs: sandboxes in networks of their own, without root',
  labsRefused: ({ reason }) => `No labs: a hub cannot connect a sandbox (${reason}).`,
  linkConditions: ({ keys, kind }) => `${quotedKeys(keys)} of a network of a lab (${kind})`,
  linkConditionsRefused: ({ keys, kind, reason }) =>
    `A network of a lab cannot have ${quotedKeys(keys)}: this kernel does not do ${kind} (${reason}).`,
  labInternet: () => '"internet" of a network of a lab, through pasta',
  labInternetMissing: ({ program }) => `A network of a lab cannot have "internet": ${program} is missing.`,
  labInternetTooOld: ({ program, option, needed }) =>
    `A network of a lab cannot have "internet": ${program} is too old, without ${option}; that of ${needed} or newer is needed.`,
  labInternetRefused: ({ reason }) =>
    `A network of a lab cannot have "internet": the addresses of its sandboxes cannot be translated (${reason}).`,
  seccompLibrary: ({ path }) => `System call filters can be written: ${path}`,
  seccompLibraryMissing: () => 'No system call filter can be written: there is no libseccomp.so.2.',
  seccompLoader: ({ program }) =>
    `System call filters can be set, by ${program}, right before the command: one of your own has to allow execve and what the command does`,
  seccompLoaderFails: ({ program, reason }) => `No system call filter can be set: ${program} fails (${reason}).`,
  seccompLoaderMissing: () =>
    'No system call filter can be set: there is no perl, or it is not known how to set one on this architecture.',
  landlock: () => 'Landlock',
  landlockRefused: ({ reason }) => `No Landlock: the kernel refuses it (${reason}).`,
  landlockOff: () => 'No Landlock: this kernel was not started with it.',
  landlockTooOld: ({ version }) => `No Landlock: this kernel has version ${version} of it, and version 3 is needed.`,
  helperAsRoot: () => 'You are root: no password is asked for',
  helperRuns: () => 'The helper runs, and finds every program and controller',
  helperLacks: ({ programs, controllers }) =>
    [
      'The helper runs',
      ...(programs.length > 0 ? [`it does without ${programs.join(', ')} (missing, or not root's alone)`] : []),
      ...(controllers.length > 0 ? [`it can keep no limits of ${controllers.join(', ')} (mounted nowhere)`] : []),
    ].join('; ') + '.',
  pkexec: () => 'pkexec starts the helper',
  pkexecPowerless: ({ path }) => `The helper cannot be started: ${path} is not set-user-ID root.`,
  polkit: () => 'polkit decides who may start it, and answers',
  polkitSilent: ({ reason }) => `The helper cannot be started: polkit does not answer (${reason}).`,
  agent: ({ kind }) =>
    kind === 'desktop' ? 'The desktop asks for the password' : 'pkexec asks for the password on this terminal',
  agentMissing: () => 'Nobody can ask for the password: there is neither a desktop nor a terminal.',
  sudo: () => 'sudo, for the commands of an administrator',
  sudoMissing: () => 'There is no sudo: the commands here use su, which asks for the password of root.',
};

const FIXES: Readonly<Record<FixCode, string>> = {
  install: 'Install it:',
  upgradeKernel: 'Start a kernel of a newer release of your distribution.',
  upgradeUtilLinux: 'A newer release of your distribution has a newer util-linux.',
  setting: 'Change it now, and for every start after this:',
  settingOutside: 'Raise it on the system around this container; a change in here has no effect.',
  appArmorProfile: 'Let the program unshare make them, by a profile of its own:',
  containerOptions: 'Start the container with this option of docker or podman ("runArgs" of devcontainer.json):',
  leaveChroot: 'Run it outside the chroot, or in a container, which has a root of its own by pivot_root.',
  selinuxModule: 'Allow what was refused, and nothing else:',
  otherRuntime: 'Ask whoever runs this machine or container.',
  ordinaryUser: 'Run as an ordinary user of the container.',
  addRanges: 'Give yourself some:',
  correctRanges: 'Look for lines that overlap, or that hold ids which do not exist here:',
  makeSetuid: 'Give it back what its package gave it:',
  remountSuid: 'Mount it without nosuid, or install the program elsewhere:',
  withoutNoNewPrivileges: 'Start VS Code or the terminal outside of what set it: a sandbox, a service, a container.',
  loadModule: 'Load what the kernel needs for it:',
  otherStateFolder: 'Keep changes on another disk; set this where your session starts, as in ~/.profile:',
  delegate: 'Give it to the managers of all users, then log out and in:',
  findManager: 'It runs, but this session does not know:',
  startManager: 'Start it:',
  mountCgroups: 'Mount the cgroup tree:',
  kernelParameter: 'Add this to the command line of the kernel, then start the machine anew:',
  openTun: 'Open it:',
  startPolkit: 'Start it:',
  useTerminal: 'Open a desktop session, or run unshared in a terminal.',
};

export function findingSentence({ code, args }: Finding): string {
  return (SENTENCES[code] as (args: Finding['args']) => string)(args);
}

export function fixSentence({ code }: HostFix): string {
  return FIXES[code];
}

/** A cause and its way out, on one line. */
export function refusalSentence({ finding, fix }: { finding: Finding; fix: HostFix | undefined }): string {
  const way = fix ? [fixSentence(fix), fix.commands.join(' && ')] : [];
  return [findingSentence(finding), ...way].filter(Boolean).join(' ');
}
