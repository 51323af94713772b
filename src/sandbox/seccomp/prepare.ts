import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installCommand } from '../../host/programs.ts';
import { messageOf } from '../../model/message-of.ts';
import { fail } from '../../model/problem.ts';
import type { Profile } from '../../model/profile.ts';
import { defaultFilter } from './default-filter.ts';
import type { Filter } from './filter.ts';
import { readOciFilter } from './oci.ts';

/** The filter of a sandbox: a file of this machine. */
export interface SeccompPlan {
  readonly file: string;
}

/** A filter, or why a profile that says `default` goes without; neither where it says `off`. */
export interface PreparedSeccomp {
  readonly plan: SeccompPlan | undefined;
  readonly missing: string | undefined;
}

type FilteredProfile = Pick<Profile, 'seccomp' | 'capabilities'>;

/**
 * Writes the filter of a profile into one of these folders, unless it is there from an earlier start.
 * @throws ProblemError `seccompUnavailable` unless the profile says `default`, `seccompProfileWrong`.
 */
export async function prepareSeccomp(profile: FilteredProfile, folders: readonly string[]): Promise<PreparedSeccomp> {
  const { seccomp, capabilities } = profile;
  if (seccomp.kind === 'off') return { plan: undefined, missing: undefined };
  const filter = seccomp.kind === 'file' ? readOciFilter(seccomp.path, capabilities) : defaultFilter(capabilities);
  try {
    if (!existsSync('/proc/sys/kernel/seccomp/actions_avail')) throw new Error('this kernel has no seccomp filters');
    return { plan: { file: await cachedInFirst(filter, folders) }, missing: undefined };
  } catch (error) {
    const reason = messageOf(error);
    if (seccomp.kind === 'default') return { plan: undefined, missing: reason };
    return fail(
      'seccompUnavailable',
      { reason, fix: `Install what does it: ${installCommand(['libseccomp.so.2'])}` },
      error,
    );
  }
}

/** In the first of these folders that can be written to: a home may be closed, or not be there. */
async function cachedInFirst(filter: Filter, [folder = '', ...others]: readonly string[]): Promise<string> {
  try {
    return await cachedBpf(filter, folder);
  } catch (error) {
    const isFolders = ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'].includes(
      (error as NodeJS.ErrnoException).code ?? '',
    );
    if (!isFolders || others.length === 0) throw error;
    return cachedInFirst(filter, others);
  }
}

/** Named after what is in it. The program is for the machine's own architecture, and so is the folder. */
async function cachedBpf(filter: Filter, folder: string): Promise<string> {
  const path = join(folder, `${digestOf(filter)}.bpf`);
  if (existsSync(path)) return path;
  const { writeBpf } = await import('./libseccomp.ts');
  const partial = `${path}.${process.pid}`;
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  rmSync(partial, { force: true });
  await writeBpf(filter, partial);
  chmodSync(partial, 0o644);
  renameSync(partial, path);
  return path;
}

function digestOf(filter: Filter): string {
  const text = JSON.stringify(filter, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
