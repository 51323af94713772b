import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { profilesFile } from '../profile/files.ts';
import { loadProfiles, overrideProfile, resolveProfile } from '../profile/load.ts';
import { homeFolder } from '../state/folders.ts';
import type { LaunchRequest } from '../sandbox/make-plan.ts';
import type { readOptions } from './usage.ts';

/** The options that say which sandbox is meant. */
export const REQUEST_OPTIONS = {
  profile: { type: 'string' },
  rootfs: { type: 'string' },
  limit: { type: 'string', multiple: true },
  network: { type: 'string' },
  workspace: { type: 'string' },
} as const;

type RequestOptions = ReturnType<typeof readOptions<typeof REQUEST_OPTIONS>>['values'];

/**
 * The sandbox that a command line asks for.
 * @throws ProblemError of the profile file, `wrongValue` for a limit, `unknownKey`.
 */
export function requestOf({
  profile = 'throwaway',
  rootfs,
  limit,
  network,
  workspace = '.',
}: RequestOptions): LaunchRequest {
  const workspaceFolder = resolve(workspace);
  const file = profilesFile(workspaceFolder);
  const files = existsSync(file) ? [{ file, text: readFileSync(file, 'utf8'), source: 'workspace' as const }] : [];
  const context = { workspaceFolder, env: process.env, home: homeFolder() };
  const resolved = resolveProfile(loadProfiles(files), profile, context);
  return { profile: overrideProfile(resolved, { rootfs, limits: limit, network }), workspaceFolder };
}
