import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fail } from '../model/problem.ts';
import { LIMIT_KEYS, type LimitKey, type Limits } from '../model/profile.ts';
import { parseLimit } from '../profile/limits.ts';
import { loadProfiles, resolveProfile } from '../profile/load.ts';
import { overrideProfile } from '../profile/resolve.ts';
import type { LaunchRequest } from '../sandbox/launch.ts';
import type { readOptions } from './usage.ts';

/** The options that say which sandbox is meant. */
export const REQUEST_OPTIONS = {
  profile: { type: 'string' },
  rootfs: { type: 'string' },
  limit: { type: 'string', multiple: true },
  workspace: { type: 'string' },
} as const;

type RequestOptions = ReturnType<typeof readOptions<typeof REQUEST_OPTIONS>>['values'];

/**
 * The sandbox that a command line asks for.
 * @throws ProblemError of the profile file, `wrongValue` for a limit, `unknownKey`.
 */
export function requestOf({
  profile: name = 'throwaway',
  rootfs,
  limit = [],
  workspace,
}: RequestOptions): LaunchRequest {
  const workspaceFolder = resolve(workspace ?? '.');
  const file = join(workspaceFolder, '.vscode', 'sandboxes.json');
  const files = existsSync(file) ? [{ file, text: readFileSync(file, 'utf8'), source: 'workspace' as const }] : [];
  const context = { workspaceFolder, env: process.env, home: homedir() };
  const profile = resolveProfile(loadProfiles(files), name, context);
  const limits = limit.length > 0 ? limitsOf(limit) : undefined;
  return {
    profile: overrideProfile(profile, {
      ...(rootfs === undefined ? {} : { rootfs: rootfs === 'host' ? rootfs : resolve(rootfs) }),
      ...(limits === undefined ? {} : { limits }),
    }),
    workspaceFolder,
  };
}

function limitsOf(given: readonly string[]): Partial<Limits> {
  const entries = given.map((text) => {
    const at = text.indexOf('=');
    const key = at < 0 ? text : text.slice(0, at);
    if (!isLimitKey(key)) fail('unknownKey', { key, known: LIMIT_KEYS });
    return [key, parseLimit(key, at < 0 ? '' : text.slice(at + 1))] as const;
  });
  return { mode: 'strict', ...Object.fromEntries(entries) };
}

function isLimitKey(key: string): key is LimitKey {
  return (LIMIT_KEYS as readonly string[]).includes(key);
}
