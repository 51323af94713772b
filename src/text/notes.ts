import type { NamespaceType } from '../model/namespace.ts';
import type { SandboxNote } from '../model/sandbox.ts';

type Sentences = { readonly [Name in SandboxNote['note']]: (note: Extract<SandboxNote, { note: Name }>) => string };

const SENTENCES: Sentences = {
  limitsMissing: ({ keys, reason }) => `Runs without ${keys.join(', ')}: ${reason}.`,
  seccompMissing: ({ reason }) => `Runs without a seccomp filter: ${reason}.`,
  singleId: () => 'Only one user id exists inside: files of other users show as nobody, and chown to them fails.',
  ownershipNotKept: () =>
    'Every file of this root file system belongs to root inside: owners could not be kept without subordinate ids (see subuid(5)).',
  foreignOwner: () =>
    'Files of this root file system that belong to users who do not exist inside can be read, but not changed.',
  workspaceMissing: () => 'No folder is open, so there is no workspace inside.',
  hostNetwork: () => "Shares the host's network: programs inside reach its services and everything it reaches.",
  offline: () =>
    'This machine has no route to the internet now, so there is none inside. Start it again once there is.',
  sharedNamespace: ({ type, with: other }) => `Shares with ${other}: ${SHARED[type]}.`,
  hostNamespaces: ({ types }) => `Not apart from the host: ${types.map((type) => SHARED[type]).join(', ')}.`,
};

/** What is seen and used of others without an own namespace of this type. */
const SHARED: Readonly<Record<NamespaceType, string>> = {
  user: 'user ids',
  mnt: 'mounts',
  pid: 'processes',
  net: 'network',
  ipc: 'shared memory and message queues (ipc)',
  uts: 'host name (uts)',
  cgroup: 'paths of cgroups (cgroup)',
  time: 'clocks (time)',
};

/** What the terminal's first lines and the tooltip say about a sandbox, one sentence a note. */
export function noteSentence(note: SandboxNote): string {
  return (SENTENCES[note.note] as (note: SandboxNote) => string)(note);
}
