import { rmSync, statSync } from 'node:fs';
import { labFolders, readLab, readMembers, readWayOut } from '../../state/labs.ts';
import { endWayOut, isConnector } from '../way-out.ts';
import { isThere, leaveLab, lives } from './members.ts';

/** Takes out of the labs who has ended, and removes the folders of labs that have ended. */
export function sweepLabs(labs: string): void {
  for (const folder of labFolders(labs)) {
    const recent = isBeingStarted(folder);
    const members = readMembers(folder);
    const living = members.filter((member) => lives(member, folder));
    for (const member of members) if (!living.includes(member)) leaveLab(folder, member.sandbox);
    if (living.length > 0 || hasHub(folder) || recent) continue;
    endHubsWayOut(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where what waits for the end of the hub was killed too. Who the hub runs as has written the number: it may be anybody's. */
function endHubsWayOut(folder: string): void {
  const wayOut = readWayOut(folder);
  if (wayOut === undefined) return;
  const { pid, owner } = wayOut;
  if (isConnector(pid, owner === process.getuid?.() ? undefined : owner)) endWayOut(wayOut);
}

function hasHub(folder: string): boolean {
  const lab = readLab(folder);
  return lab !== undefined && isThere(lab.hub);
}

/** Every start writes its script into it first, which changes it; so does who leaves. */
function isBeingStarted(folder: string): boolean {
  const changed = statSync(folder, { throwIfNoEntry: false })?.ctimeMs ?? 0;
  return Date.now() - changed < 10_000;
}
