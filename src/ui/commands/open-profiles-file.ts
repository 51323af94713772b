import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { profilesFile } from '../../profile/files.ts';
import { PROFILES_SETTING } from '../../protocol/language-server.ts';
import { localFolders } from '../profiles.ts';
import { openPlace } from '../show-error.ts';

const EXAMPLE = `{
  // Profiles of sandboxes for this workspace. Each extends a built-in one: throwaway, project, agent, learn.
  "profiles": {
    "review": {
      "extends": "throwaway",
      "workspace": "ro", // rw, ro or none
      "network": "none", // none, host or internet
      "lifetime": "terminal", // terminal, window or untilStopped
      // "best-effort" starts the sandbox also where a limit cannot be had, and says so.
      "limits": { "mode": "best-effort", "memory.max": "1G", "pids.max": 256, "cpu.max": "150%" }
    }
  }
}
`;

/** Opens the workspace's profile file, made with an example if there is none; without a folder, the user's setting. */
export async function openProfilesFile(): Promise<void> {
  const folders = localFolders();
  const folder = folders.length > 1 ? await vscode.window.showWorkspaceFolderPick() : folders[0];
  if (folder) await openOrMake(profilesFile(folder.uri.fsPath));
  else if (folders.length === 0) await openPlace({ file: PROFILES_SETTING, line: 1, column: 1 });
}

async function openOrMake(file: string): Promise<void> {
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, EXAMPLE, { flag: 'wx' });
  }
  await vscode.window.showTextDocument(vscode.Uri.file(file));
}
