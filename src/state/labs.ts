import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Lab, LabMember } from '../model/lab.ts';
import type { Pinned } from '../model/sandbox.ts';

/*
 * What is on disk of a lab, in a folder of its own: `lab.json`, and for each sandbox in it a file, whose addresses are
 * kept by that, and the script that it came with. `hub/` belongs to whom the hub runs as; it says there who it is.
 */

const MEMBERS = 'members';
export const HUB = 'hub';

/** Makes the folder of a lab where it is not there yet; `hubOwner` is the id that its hub runs as, where that is another. */
export function makeLabFolder(folder: string, hubOwner: number | undefined): void {
  for (const path of [folder, join(folder, HUB), join(folder, MEMBERS)]) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, hubOwner === undefined ? 0o700 : 0o711);
  }
  if (hubOwner !== undefined) chownSync(join(folder, HUB), hubOwner, hubOwner);
}

export function writeLab(folder: string, lab: Lab): void {
  replaceFile(join(folder, 'lab.json'), JSON.stringify(lab, undefined, 2), 0o600);
}

/** The lab of a folder; undefined where none was ever whole. */
export function readLab(folder: string): Lab | undefined {
  return read(join(folder, 'lab.json')) as Lab | undefined;
}

/** The process that is the way out of its hub, as `owner` has said, whose the folder is; undefined where it never had one. */
export function readWayOut(folder: string): (Pinned & { readonly owner: number }) | undefined {
  const hub = join(folder, HUB);
  const said = readLine(join(hub, 'way-out'));
  const [, pid, startTime] = /^(\d+) (\d+)$/.exec(said ?? '') ?? [];
  if (pid === undefined || startTime === undefined) return undefined;
  return { pid: Number(pid), startTime: Number(startTime), owner: lstatSync(hub).uid };
}

/** The folders of all labs that were ever started. */
export function labFolders(labs: string): readonly string[] {
  return existsSync(labs) ? readdirSync(labs).map((name) => join(labs, name)) : [];
}

/** Keeps the addresses of a member for it. */
export function writeMember(folder: string, member: LabMember): void {
  replaceFile(memberFile(folder, member.sandbox), JSON.stringify(member, undefined, 2), 0o600);
}

export function removeMember(folder: string, sandbox: string): void {
  for (const file of [memberFile(folder, sandbox), labScript(folder, sandbox)]) rmSync(file, { force: true });
}

/** With what a sandbox enters its lab. Each has its own: what one knows of networks and ways out may be new to another. */
export const labScript = (folder: string, sandbox: string): string => join(folder, `lab.${sandbox}.sh`);

/** Those that have ended are among them until somebody removes them. */
export function readMembers(folder: string): readonly LabMember[] {
  const path = join(folder, MEMBERS);
  const names = existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.json')) : [];
  return names.toSorted().flatMap((name) => (read(join(path, name)) as LabMember | undefined) ?? []);
}

/** In one step, so that a reader, also a shell in the middle of it, sees the old text or the new one. */
export function replaceFile(path: string, text: string, mode: number): void {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, text, { mode });
  chmodSync(partial, mode); // whatever the umask is
  renameSync(partial, path);
}

/** A short file of somebody else, who may have put anything in its place: nothing is waited for. */
function readLine(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const line = Buffer.alloc(LONGEST_LINE);
    return line.toString('latin1', 0, readSync(file, line)).trimEnd();
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

const LONGEST_LINE = 64;

const memberFile = (folder: string, sandbox: string): string => join(folder, MEMBERS, `${sandbox}.json`);

function read(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
