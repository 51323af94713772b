import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LinkEnd, NetworkTarget } from '../protocol/helper.ts';
import { runAsOwner } from './as-owner.ts';
import { networkNamespaceOf } from './network-namespaces.ts';
import { withFile, withPinned } from './pinned.ts';
import { requireProgram, run } from './programs.ts';
import { changeState, stateFolder, stateNames } from './run-folder.ts';
import type { Act, Verbs } from './serve.ts';

/** The verbs for links between network namespaces of the user: a link is made in them, and is never seen in the host's own. */
export function linkVerbs(uid: number): Verbs<'links/add' | 'links/delete' | 'links/set'> {
  return {
    'links/add': ({ ends: [one, other] }, act) => {
      withNetwork(uid, one.at, (oneNet) =>
        withNetwork(uid, other.at, (otherNet) =>
          noted(uid, one, oneNet, () => {
            connect([one.name, oneNet.file], [other.name, otherNet.file]);
            act(`made the link ${one.name} of ${nameOf(one.at)} to ${other.name} of ${nameOf(other.at)}`);
            try {
              setLink(oneNet, one.name, { address: one.address, up: true });
              setLink(otherNet, other.name, { address: other.address, up: true });
            } catch (error) {
              oneNet.ip(['link', 'delete', 'dev', one.name]);
              throw error;
            }
          }),
        ),
      );
      return null;
    },
    'links/delete': ({ at, name }, act) => {
      withNetwork(uid, at, ({ ip }) => ip(['link', 'delete', 'dev', name, 'type', 'veth']));
      act(`deleted the link ${name} of ${nameOf(at)}`);
      return null;
    },
    'links/set': ({ at, name, address, up }, act) => {
      withNetwork(uid, at, (network) => setLink(network, name, { address, up }));
      const changes = [...(address === undefined ? [] : [address]), ...(up === undefined ? [] : [up ? 'up' : 'down'])];
      act(`set the link ${name} of ${nameOf(at)}: ${changes.join(', ')}`);
      return null;
    },
  };
}

/** Removes links that a killed helper has half made, unless their network is gone and they with it. */
export function cleanLinks(uid: number, act: Act): void {
  for (const note of stateNames(uid, 'links')) {
    const { at, name } = readNote(note);
    try {
      withNetwork(uid, at, ({ ip }) => ip(['link', 'delete', 'dev', name, 'type', 'veth']));
      act(`deleted the half made link ${name} of ${nameOf(at)}`);
    } catch {
      // it was not made yet, or its network has ended
    }
    rmSync(join(stateFolder(uid, 'links'), note));
  }
}

/** Keeps a note of a link while it is made. Where there is a link of that name already, it is not this one. */
export function noted<Result>(uid: number, { at, name }: LinkEnd, { ip }: OwnNetwork, make: () => Result): Result {
  if (hasLink(ip, name)) throw new Error(`${nameOf(at)} has a link ${name} already`);
  return changeState(uid, () => {
    const where = 'netns' in at ? at.netns : `${at.pid}.${at.startTime}`;
    const note = join(stateFolder(uid, 'links'), `${name}.${where}`);
    closeSync(openSync(note, 'wx', 0o400));
    try {
      return make();
    } finally {
      rmSync(note);
    }
  });
}

/** Whether there is an interface of that name where `ip` runs. An ip(8) that fails for another reason counts as none. */
export function hasLink(ip: OwnNetwork['ip'], name: string): boolean {
  try {
    ip(['link', 'show', 'dev', name]);
    return true;
  } catch {
    return false;
  }
}

function readNote(note: string): Pick<LinkEnd, 'at' | 'name'> {
  const [name = '', where = '', startTime] = note.split('.');
  return {
    name,
    at: startTime === undefined ? { netns: where } : { pid: Number(where), startTime: Number(startTime) },
  };
}

/** A network namespace that is proven to be the user's. */
export interface OwnNetwork {
  /** Its descriptor. */
  readonly file: number;
  /** Runs ip(8) in it, and returns what it prints. */
  readonly ip: (args: readonly string[]) => string;
}

/**
 * Holds a network namespace of the user while it is used: that of a sandbox, where the kernel lets only its owner in, or a named
 * one that was made for the user.
 * @throws Error where it is somebody else's.
 */
export function withNetwork<Result>(uid: number, at: NetworkTarget, use: (network: OwnNetwork) => Result): Result {
  if ('netns' in at) return withFile(networkNamespaceOf(uid, at.netns), 0, (file) => use(network(file)));
  return withPinned(at, (pinned) =>
    withFile(`/proc/self/fd/${pinned}/ns/user`, 0, (user) =>
      withFile(`/proc/self/fd/${pinned}/ns/net`, 0, (file) => {
        runAsOwner(uid, { user, net: file }, ['true']);
        return use(network(file));
      }),
    ),
  );
}

function network(file: number): OwnNetwork {
  const enter = ['--net=/proc/self/fd/3', '--', requireProgram('ip')];
  return { file, ip: (args) => run('nsenter', [...enter, ...args], [file]) };
}

function connect([oneName, one]: readonly [string, number], [otherName, other]: readonly [string, number]): void {
  const peer = ['type', 'veth', 'peer', 'name', otherName, 'netns', '/proc/self/fd/4'];
  run('ip', ['link', 'add', 'name', oneName, 'netns', '/proc/self/fd/3', ...peer], [one, other]);
}

function setLink({ ip }: OwnNetwork, name: string, { address, up }: LinkState): void {
  if (address !== undefined) ip(['address', 'add', address, 'dev', name]);
  if (up !== undefined) ip(['link', 'set', 'dev', name, up ? 'up' : 'down']);
}

/** What is to be changed of a link: one more address, and whether it is up. */
interface LinkState {
  readonly address: string | undefined;
  readonly up: boolean | undefined;
}

/** A network as it is called in what is told. */
export function nameOf(at: NetworkTarget): string {
  return 'netns' in at ? at.netns : `process ${at.pid}`;
}
