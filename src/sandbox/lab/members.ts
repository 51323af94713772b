import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startTimeOf } from '../../discovery/pin.ts';
import type { Lab, LabMember } from '../../model/lab.ts';
import type { Pinned } from '../../model/sandbox.ts';
import { withoutPrefix } from '../../model/subnet.ts';
import { readLab, readMembers, removeMember } from '../../state/labs.ts';
import { readRecord } from '../../state/records.ts';
import { isAlive } from '../is-alive.ts';

/** The file in the folder of a sandbox that is its hosts(5). */
export const HOSTS = 'hosts';

/** Those whose sandbox runs or is being started, on the hub that is there now or on one that was killed. */
export function livingMembers(labFolder: string): readonly LabMember[] {
  return readMembers(labFolder).filter((member) => lives(member, labFolder));
}

export function lives({ sandbox, launcher }: LabMember, labFolder: string): boolean {
  const record = readRecord(folderOf(sandbox, labFolder));
  return record === undefined ? isThere(launcher) : isAlive(record);
}

/** Whether the links of a member are still there: they went with the hub that had them. */
export function isConnected({ hub }: LabMember, lab: Lab | undefined): boolean {
  return lab !== undefined && isSame(hub, lab.hub) && isThere(lab.hub);
}

export const isThere = ({ pid, startTime }: Pinned): boolean => startTimeOf(pid) === startTime;
export const isSame = (one: Pinned, other: Pinned): boolean =>
  one.pid === other.pid && one.startTime === other.startTime;

/** Takes a sandbox out of its lab; the others forget its name. */
export function leaveLab(labFolder: string, sandbox: string): void {
  removeMember(labFolder, sandbox);
  tellHosts(labFolder);
}

/**
 * Writes into the hosts(5) of each sandbox of a lab who is where. What is mounted inside is the file itself, so that it is
 * changed where it stands. It is done again where somebody has come or gone meanwhile: they do the same.
 */
export function tellHosts(labFolder: string): void {
  for (let before = '', now = stateOf(labFolder); now !== before; before = now, now = stateOf(labFolder)) {
    const members = livingMembers(labFolder);
    const lab = readLab(labFolder);
    for (const member of members)
      overwrite(join(folderOf(member.sandbox, labFolder), HOSTS), hostsOf(member, connectedOnes(members, lab)));
  }
}

const stateOf = (labFolder: string): string => JSON.stringify(readMembers(labFolder));

export function connectedOnes(members: readonly LabMember[], lab: Lab | undefined): readonly LabMember[] {
  return members.filter((member) => isConnected(member, lab));
}

/** Of hosts(5): those with whom it has a network in common, by their host names, and itself. */
export function hostsOf(own: LabMember, members: readonly LabMember[]): string {
  const networks = new Set(own.interfaces.map(({ network }) => network));
  const others = members.filter(({ sandbox }) => sandbox !== own.sandbox);
  const lines = [own, ...others].flatMap(({ hostname, interfaces }) =>
    interfaces
      .filter(({ network }) => networks.has(network))
      .flatMap(({ addresses }) => addresses.map((address) => `${withoutPrefix(address)} ${hostname}`)),
  );
  return ['127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback', ...lines, ''].join('\n');
}

/**
 * The file may not be there yet, or no more; or it is spoilt by its own sandbox, which alone has no names then. So it is read no
 * further than it should be, and fails nobody.
 */
function overwrite(path: string, text: string): void {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (fstatSync(file).size === Buffer.byteLength(text) && readFileSync(file, 'utf8') === text) return;
    ftruncateSync(file, writeSync(file, text, 0));
  } catch {
    return;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Sandboxes have their folders beside that of all labs. */
const folderOf = (sandbox: string, labFolder: string): string => join(dirname(dirname(labFolder)), sandbox);
