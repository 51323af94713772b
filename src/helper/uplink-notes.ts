import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { HelperParams } from '../protocol/helper.ts';
import { stateFolder, stateNames, usersWithState } from './run-folder.ts';

/** What is kept of an uplink from before anything of it is made until nothing of it is left. */
export interface Note extends HelperParams<'uplinks/add'> {
  readonly uid: number;
  readonly number: number;
  readonly forwarding: readonly string[];
  /** Whether all forwarded already, but for these. */
  readonly all: boolean;
  /** The inode of the network namespace that is the host's: a helper can be started in another one. */
  readonly host: number;
}

/** Of the network namespace that is the host's now. */
export function hostInode(): number {
  return statSync('/proc/self/ns/net').ino;
}

/** Where it is kept. */
export function fileOf({ uid, number }: Pick<Note, 'uid' | 'number'>): string {
  return join(stateFolder(uid, 'uplinks'), String(number));
}

/** Those of all users. */
export function allNotes(): readonly Note[] {
  return usersWithState().flatMap(notesOf);
}

/** What forwards for any of them. */
export function forwardingOf(notes: readonly Note[]): readonly string[] {
  return [...new Set(notes.flatMap(({ forwarding }) => forwarding))];
}

/** Those of this host's network. A helper that was killed before it had written a note has made nothing but that. */
export function notesOf(uid: number): readonly Note[] {
  const host = hostInode();
  const empty = { at: { netns: '' }, name: '', subnet: '', forwarding: [], all: false, host };
  return stateNames(uid, 'uplinks')
    .map((name) => ({ uid, number: Number(name) }))
    .map((own) => ({ ...empty, ...readNote(fileOf(own)), ...own }))
    .filter((note) => note.host === host);
}

function readNote(file: string): Partial<Note> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Note;
  } catch {
    return {};
  }
}
