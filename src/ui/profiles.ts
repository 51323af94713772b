import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import type { Profile } from '../model/profile.ts';
import { profilesFile, settingAsFile } from '../profile/files.ts';
import { homeFolder } from '../state/folders.ts';
import { loadProfiles, resolveProfile, type LoadedProfiles } from '../profile/load.ts';
import { PROFILES_SETTING } from '../protocol/language-server.ts';
import { config } from './config.ts';

/** The profiles this window may use: a workspace that is not trusted gives none. */
export function windowProfiles(): LoadedProfiles {
  const user = settingAsFile(PROFILES_SETTING, config.profiles());
  return loadProfiles([user, ...(vscode.workspace.isTrusted ? workspaceFiles() : [])]);
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
