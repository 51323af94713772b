import { join } from 'node:path';
import type { ProfileFile } from './catalog.ts';

/** Path of a workspace folder's profile file. */
export function profilesFile(folder: string): string {
  return join(folder, '.vscode', 'sandboxes.json');
}

/** The user's own profiles, as a setting of this name holds them, read like a file of it. */
export function settingAsFile(setting: string, profiles: unknown): ProfileFile {
  return { file: setting, text: JSON.stringify({ profiles }), source: 'user' };
}
