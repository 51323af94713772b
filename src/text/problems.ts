import { messageOf } from '../model/message-of.ts';
import {
  ProblemError,
  type AddressFault,
  type Problem,
  type ProblemArguments,
  type ProblemCode,
} from '../model/problem.ts';
import { refusalOfInstall } from './elevation.ts';
import { refusalSentence } from './host.ts';

type Sentences = { readonly [Code in ProblemCode]: (args: ProblemArguments[Code]) => string };

const ADD_RANGES = 'Add some: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER';

const RANGES_MISSING = {
  programs: '"ids": "ranges" needs newuidmap and newgidmap. Install the package uidmap: sudo apt install uidmap',
  subuid: `"ids": "ranges" needs user ids of yours in /etc/subuid, and there are none. ${ADD_RANGES}`,
  subgid: `"ids": "ranges" needs group ids of yours in /etc/subgid, and there are none. ${ADD_RANGES}`,
  parent: '"ids": "ranges" cannot be had here: the sandbox whose namespaces are shared has only one id.',
} as const;

const ADDRESS_FAULTS: Readonly<Record<AddressFault, string>> = {
  outside: 'it is not in it',
  prefix: 'its prefix is another one; write that of the network, or none',
  reserved: 'it stands for the network itself or for all that are in it',
  own: 'it is that of the sandbox itself',
  version: 'another one of the same protocol is named already',
  hub: 'it is that of the hub, through which "internet" leads out',
};

const OPEN_WITHOUT: Readonly<Record<ProblemArguments['capabilitiesOpenNetwork']['without'], string>> = {
  network: 'use "network": "none" or "host"',
  ports: 'leave "publish" and "hostPorts" out',
};

/** One sentence a problem: the cause, then what to do next. */
const SENTENCES: Sentences = {
  notLinux: ({ platform }) =>
    `Namespaces are a feature of the Linux kernel, and this is ${platform}. Open the folder on a Linux machine: WSL, Remote-SSH or a dev container will do.`,
  programMissing: ({ program, install }) => `The program ${program} is missing. Install it: ${install}`,
  programTooOld: ({ program, found, needed }) => `${program} ${found} is too old: ${needed} or newer is needed.`,
  namespacesRefused: (refusal) => `No sandbox can start here: ${refusalSentence(refusal)}`,
  profileFileSyntax: ({ message }) => `This is not JSON with comments: ${message}.`,
  nestedTooDeep: ({ deepest }) => `This is nested more than ${deepest} deep, which no profile needs. Remove brackets.`,
  unknownKey: ({ key, known }) => `Unknown key "${key}". Known here: ${known.join(', ')}.`,
  wrongValue: ({ key, value, expected }) => `"${key}" is ${value}, but it must be ${expected}.`,
  unknownProfile: ({ name, known }) => `There is no profile "${name}". Known: ${known.join(', ')}.`,
  extendsCycle: ({ chain }) => `Profiles extend each other in a circle: ${chain.join(' → ')}. Remove one "extends".`,
  unknownVariable: ({ variable }) =>
    `\${${variable}} is not known here. Use \${workspaceFolder} (with a folder open), \${env:NAME} of a variable that is set, or ~.`,
  missingKey: ({ key }) => `"${key}" is missing here. Add it.`,
  conflictingKeys: ({ keys }) => `${keys.join(' and ')} contradict each other. Remove one of them.`,
  wrongName: ({ name, expected }) => `"${name}" cannot be a name here: it must be ${expected}.`,
  duplicateKey: ({ key }) => `"${key}" is here twice. Keep one of them.`,
  nameReserved: ({ name }) => `"${name}" cannot be a name here, because JavaScript reserves it. Choose another.`,
  builtinProtected: ({ name }) =>
    `A workspace cannot replace the built-in profile "${name}", so this one is ignored. Choose another name and "extends": "${name}", or put it into your own settings.`,
  unknownNetwork: ({ name, known }) =>
    known.length > 0
      ? `There is no network "${name}" in this file. Known: ${known.join(', ')}.`
      : `There is no network "${name}": this file names none. Add "networks": { "${name}": { "subnet": "10.0.0.0/24" } } beside "profiles".`,
  subnetsOverlap: ({ network, subnet, other, otherSubnet }) =>
    `The subnet ${subnet} of "${network}" overlaps ${otherSubnet} of "${other}": a sandbox in both could not tell them apart. Change one of them.`,
  addressWrong: ({ address, network, subnets, reason }) =>
    `"${address}" cannot be used in the network "${network}" (${subnets.join(', ')}): ${ADDRESS_FAULTS[reason]}.`,
  addressTwice: ({ address, network, profile }) =>
    `The address ${address} in the network "${network}" is that of the profile "${profile}" too. Change one of them, or write "auto".`,
  interfaceTwice: ({ name }) => `Two links cannot both be called "${name}". Change one "interface".`,
  interfaceOfPorts: ({ name }) =>
    `No link into a network can be called "${name}" here: that is the one through which "publish" and "hostPorts" lead. Change its "interface".`,
  networksApart: ({ first, second }) =>
    `The networks "${first}" and "${second}" are of different files, and so of different labs: nothing can be in both. Name both in one file.`,
  rootfsMissing: ({ path }) =>
    `The root file system ${path} does not exist. Correct "rootfs", or put a folder or a .tar, .tar.gz or .tar.xz there.`,
  rootfsNotUsable: ({ path, reason }) => `${path} cannot be a root file system: ${reason}.`,
  tarEntryRefused: ({ path, entry, reason }) =>
    `${path} was not unpacked, because of its entry "${entry}": ${reason}. Get the archive from a source you trust.`,
  tarBroken: ({ path, reason }) => `${path} is not a complete archive (${reason}). Download it again.`,
  unpackFailed: ({ path, reason }) => `${path} could not be unpacked: ${reason}. Mend that, and try again.`,
  digestMismatch: ({ path, expected, found }) =>
    `${path} has the SHA-256 ${found}, but the profile asks for ${expected}. Download it again, or correct "sha256".`,
  mountTargetRefused: ({ target, reason }) => `Nothing can be mounted on ${target}: ${reason}.`,
  readOnlyNotHeld: ({ paths }) =>
    `With "capabilities": "all" root inside can undo what hides or closes ${paths.join(', ')}: that holds only in what is shown read-only of this machine. Use "capabilities": "default", or leave it out.`,
  workspaceNotHeld: ({ path }) =>
    `With "capabilities": "all" root inside can put files of its own where the writable workspace ${path} is protected, such as .git/hooks. Use "workspace": "ro", bind a folder of it with "mounts", or use "capabilities": "default".`,
  bindSourceMissing: ({ path }) => `The folder or file ${path} that "mounts" binds does not exist.`,
  bindSourceLink: ({ path, link }) =>
    `${path} cannot be shown: ${link} is a symbolic link, which a sandbox or a repository could have made. Name what it leads to.`,
  bindSourceChanged: ({ path }) =>
    `${path} cannot be shown: it has become another file or folder since the start began. Try again.`,
  kernelFolderShown: ({ path }) =>
    `${path} cannot be shown inside: it would show every process of this machine. A sandbox has a /proc and a /sys of its own.`,
  bindSourceClosed: ({ path }) =>
    `The folder ${path} that "mounts" shows is closed to others, and root's sandboxes run as others (chmod o+x on the way to it).`,
  initFailed: ({ line, status, output }) =>
    `The sandbox was ended, because "${line}" of its "init" failed with exit status ${status}. ${output}`.trim(),
  workspaceOwnedByRoot: ({ path }) =>
    `You are root, and id 0 inside a sandbox is never id 0 outside, so the workspace ${path} cannot be writable inside. Use "workspace": "ro", or run as an ordinary user.`,
  workspaceUnreachable: ({ path, blockedBy }) =>
    `The sandbox's user cannot reach the workspace ${path}: ${blockedBy} is closed to others. Move the workspace, open that folder with chmod o+x, or use "workspace": "none".`,
  workspaceTooWide: ({ path, home }) =>
    `The workspace ${path} holds your home ${home} with everything in it, keys and tokens too. Open a folder inside it, or use "workspace": "none".`,
  toolsTooWide: ({ path, home }) =>
    `${path} in "tools" holds your home ${home} with everything in it, keys and tokens too. Name the folders in it that hold programs.`,
  ownFoldersShown: ({ path, folder }) =>
    `${path} cannot be shown inside: it holds, or lies in, ${folder}, where sandboxes keep their scripts and files. Choose another folder.`,
  workspaceNeeded: ({ profile }) =>
    `The profile "${profile}" shows the workspace, but no folder is open. Open a folder, or use "workspace": "none".`,
  idRangesMissing: ({ missing }) => RANGES_MISSING[missing],
  namespacePathWrong: ({ type, path, reason }) =>
    `${path} does not keep a namespace of type ${type}: ${reason}. Make one there, or correct "namespaces".`,
  namespacePathNotYours: ({ type, path }) =>
    `The ${type} namespace ${path} does not belong to a user namespace of yours with a process in it, and the kernel lets nobody else enter it. Use "sandbox:" and the id of a sandbox, or start this one as root.`,
  namespaceOnlyRoots: ({ type, id }) =>
    `The ${type} namespace of the sandbox ${id} is one that a path keeps. Name that path in "namespaces".`,
  namespacesApart: ({ first, second }) =>
    `Namespaces of ${first} and ${second} cannot be shared by one sandbox: they belong to different user namespaces. Share with one of them only.`,
  hostOffline: () =>
    'This machine has no route to the internet over IPv4 now, so no network can get out through it. Connect it first.',
  uplinksFull: ({ most }) =>
    `You have ${most} networks connected to the host, which is all that one user may have. Disconnect one of them first.`,
  tunNotUsable: ({ path, reason }) =>
    `Without root, a way to the internet needs ${path}, which cannot be used (${reason}). Load it with: sudo modprobe tun; or allow it with: sudo chmod 666 ${path}; or use "network": "none".`,
  portNotFree: ({ address, port, reason }) =>
    `Port ${port} of ${address} cannot be published: ${reason}. Name another one in "publish", as HOST:INSIDE.`,
  capabilitiesOpenNetwork: ({ names, without }) =>
    `With ${names.join(' and ')} a sandbox could remove the rules that keep it from this machine and its metadata addresses. Drop ${names.length === 1 ? 'it' : 'them'} in "capabilities", or ${OPEN_WITHOUT[without]}.`,
  networkOffline: ({ ports }) =>
    `This machine has no route to the internet now, so ${ports.join(' and ')} cannot be forwarded. Connect it, or remove them.`,
  networkFailed: ({ reason }) =>
    `The way to the internet or the ports could not be set up: ${reason}. To start without, use "network": "none", and in a lab no "internet" and no ports.`,
  ipv6Off: ({ network }) =>
    `The network "${network}" has an IPv6 subnet, but IPv6 is off in this kernel (ipv6.disable=1). Use an IPv4 subnet, or boot with IPv6.`,
  subnetOfHost: ({ network, subnet, address }) =>
    `The subnet ${subnet} of "${network}" overlaps the network of ${address}, which is this machine's own: a hub with a way out could not tell them apart. Choose another one.`,
  labChanged: ({ network, sandboxes }) =>
    `The network "${network}" is in use as it was before the profile file was changed. Stop first: ${sandboxes.join(', ')}.`,
  addressTaken: ({ address, network, sandbox }) =>
    `The address ${address} of the network "${network}" is that of the running sandbox ${sandbox}. Stop it, enter it, or use another address.`,
  subnetFull: ({ network, subnet }) =>
    `Every address of ${subnet} in the network "${network}" is taken. Stop a sandbox, or give the network a larger subnet.`,
  labFailed: ({ reason }) => `The sandbox could not be connected to its lab. ${reason}`.trim(),
  labNotFound: ({ id, running }) =>
    running.length > 0
      ? `No lab "${id}" is running. Running: ${running.join(', ')}.`
      : `No lab "${id}" is running; none is.`,
  qdiscMissing: () =>
    'This kernel cannot do that to a link: "delay", "jitter" and "loss" need netem (sudo modprobe sch_netem), "rate" needs tbf (sudo modprobe sch_tbf). Load it where the kernel has it, or leave these keys out.',
  linkFailed: ({ reason }) => `The link could not be changed: ${reason}.`,
  notInLab: () => 'This sandbox is in no lab: its profile has no "networks".',
  labNotByHand: () =>
    'The scripts of a sandbox in a lab do not run by hand: its launchers agree on who has which address. Show them instead, or use "network".',
  limitsUnavailable: ({ keys, reason }) =>
    `${keys.join(', ')} cannot be enforced here: ${reason}. Set "mode": "best-effort" in "limits" to start without.`,
  rlimitTooHigh: ({ name, asked, hard }) =>
    `"${name}" of "rlimits" is ${asked}, but your own hard limit is ${hard}, and only root of the machine can raise it: lower the value, or raise yours in /etc/security/limits.conf and log in again.`,
  maskedPathMissing: ({ path }) =>
    `There is nothing at ${path} to hide or to close, and something could be made there later. Make it first, or take it out of "maskedPaths", "readOnlyPaths" and "mounts".`,
  seccompUnavailable: ({ reason, fix }) => `No seccomp filter can be loaded here: ${reason}. ${fix}`,
  seccompProfileWrong: ({ path, where, reason }) =>
    `The seccomp profile ${path} cannot be used: ${where === '' ? reason : `"${where}" ${reason}`}.`,
  landlockPathMissing: ({ path }) =>
    `There is nothing at ${path} that "landlock" could open: correct the path, or mount something there.`,
  landlockUnavailable: ({ reason, fix }) => `The rules of "landlock" cannot be kept here: ${reason}. ${fix}`,
  helperDismissed: ({ program }) =>
    `The password dialog of ${program} was dismissed, so nothing was changed. Run the command again to be asked again.`,
  helperNotAuthorized: ({ reason }) =>
    `The helper was not authorised (${reason}). It needs an administrator's password; where polkit or sudoers forbid it, ask the administrator of this machine.`,
  helperRefused: ({ verb, reason }) => `The helper refused ${verb}: ${reason}.`,
  helperEnded: ({ reason }) => `The helper ended before it answered (${reason}).`,
  rootNotWanted: () => 'Nothing was done as root.',
  noAgent: () =>
    "Nobody can ask for the administrator's password here: no desktop does, and there is no terminal with pkttyagent. Run this in a terminal, install the package polkitd (pkttyagent), or start it as root.",
  passwordNeeded: () =>
    'sudo needs a password, and there is nobody to ask for it. Run this in a terminal, or let sudoers grant it without one.',
  helperNotInstallable: ({ refusal }) => `The helper cannot be installed: ${refusalOfInstall(refusal)}.`,
  rootScriptFailed: ({ reason }) => `The script that ran as root stopped: ${reason}.`,
  sandboxStays: ({ id, pid }) =>
    `${id} was killed, but its first process (${pid}) is still there: something outside that had entered it has not ended, or is stopped. Continue or end that, and try again.`,
  launchFailed: ({ step, output }) => `The sandbox did not start: ${step} failed. ${output}`.trim(),
  sandboxNotFound: ({ id, running }) =>
    running.length > 0
      ? `No sandbox "${id}" is running. Running: ${running.join(', ')}.`
      : `No sandbox "${id}" is running; none is.`,
  sandboxGone: ({ id }) => `The sandbox "${id}" has ended.`,
  processGone: ({ pid }) => `Process ${pid} has ended.`,
  namespaceGone: ({ type, inode }) => `The ${type} namespace ${inode} has no process any more.`,
  namespaceNotYours: ({ type, inode }) =>
    `The ${type} namespace ${inode} belongs to another user; the kernel lets only its owner enter.`,
  stateFolderUnsafe: ({ path, reason }) =>
    `${path} is not safe to keep sandboxes in: ${reason}. Mend that, or set XDG_RUNTIME_DIR.`,
};

/** A problem as one sentence for people, with its place in front where a profile file caused it. */
export function sentence(problem: Problem): string {
  const { place } = problem;
  return `${place ? `${place.file}:${place.line}:${place.column}: ` : ''}${statement(problem)}`;
}

/** The sentence alone, for whoever shows it at its place. */
export function statement({ code, args }: Problem): string {
  return (SENTENCES[code] as (args: Problem['args']) => string)(args);
}

/** The sentences of whatever was thrown; an unforeseen error shows its message, never its stack. */
export function sentences(error: unknown): readonly string[] {
  if (error instanceof ProblemError) return error.problems.map(sentence);
  return [messageOf(error)];
}
