import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** What folders take of a disk. */
export interface DiskUse {
  readonly bytes: number;
  /** Whether there is more: what is closed to the caller, or more than is counted in one go. */
  readonly isLeast: boolean;
}

/** Files and folders; more are not looked at, because whoever writes them chooses how many there are. */
const MOST = 20_000;

/** Bytes of one block, whatever the file system (stat(3type), `st_blocks`). */
const BLOCK = 512;

/** Counts what is in folders, and follows no link. A folder that is gone takes nothing. */
export async function diskUse(folders: readonly string[], most = MOST): Promise<DiskUse> {
  const waiting = [...folders];
  let [bytes, seen, isLeast] = [0, 0, false];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    try {
      for await (const entry of await opendir(folder)) {
        seen += 1;
        if (seen > most) return { bytes, isLeast: true };
        const path = join(folder, entry.name);
        bytes += (await lstat(path)).blocks * BLOCK;
        if (entry.isDirectory()) waiting.push(path);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') isLeast = true;
    }
  }
  return { bytes, isLeast };
}
