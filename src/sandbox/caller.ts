import { tmpdir } from 'node:os';
import { foldersOf, homeFolder, type CallerFolders } from '../state/folders.ts';

/** The folders of whoever runs this process. */
export function callerFolders(): CallerFolders {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return foldersOf({ uid, gid, env: process.env, home: homeFolder(), tmp: tmpdir() });
}
