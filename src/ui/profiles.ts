import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Profile } from '../model/profile.ts';
import { homeFolder } from '../state/folders.ts';
import { loadProfiles, resolveProfile, type LoadedProfiles } from '../profile/load.ts';
import { config, SETTING_PLACE } from './config.ts';

/** Path of a workspace folder's profile file. */
export function profilesFile(folder: string): string {
  return join(folder, '.vscode', 'sandboxes.json');
}

/** The profiles this window may use: a workspace that is not trusted gives none. */
export function windowProfiles(): LoadedProfiles {
  const setting = config.profiles();
  const user =
    Object.keys(setting).length > 0
      ? [{ file: SETTING_PLACE, text: JSON.stringify({ profiles: setting }), source: 'user' as const }]
      : [];
  return loadProfiles([...user, ...(vscode.workspace.isTrusted ? workspaceFiles() : [])]);
}

/** @throws ProblemError with the place in the profile file. */
export function windowProfile(name: string, workspaceFolder: string | undefined): Profile {
  return resolveProfile(windowProfiles(), name, { workspaceFolder, env: process.env, home: homeFolder() });
}

function workspaceFiles(): { file: string; text: string; source: 'workspace' }[] {
  return localFolders()
    .map(({ uri }) => profilesFile(uri.fsPath))
    .flatMap((file) => {
      const text = readIfThere(file);
      return text === undefined ? [] : [{ file, text, source: 'workspace' as const }];
    });
}

/** Workspace folders that are on this machine's file system. */
export function localFolders(): readonly vscode.WorkspaceFolder[] {
  return (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
