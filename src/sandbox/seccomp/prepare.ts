import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hostFeatures } from '../../host/features.ts';
import { perlKnowsThisMachine } from '../../host/perl-loader.ts';
import { findProgram, installCommand } from '../../host/programs.ts';
import { messageOf } from '../../model/message-of.ts';
import { fail } from '../../model/problem.ts';
import type { Profile } from '../../model/profile.ts';
import { defaultFilter } from './default-filter.ts';
import type { Filter } from './filter.ts';
import { readOciFilter } from './oci.ts';

/** Who hands a filter to the kernel: setpriv(1) where it can, from util-linux 2.41 on, else perl(1), which can make any system call. */
export type Loader = 'setpriv' | 'perl';

/** The filter of a sandbox: a file of this machine, and who loads it. */
export interface SeccompPlan {
  readonly file: string;
  readonly loader: Loader;
}

/** A filter, or why a profile that says `default` goes without; neither where it says `off`. */
export interface PreparedSeccomp {
  readonly plan: SeccompPlan | undefined;
  readonly missing: string | undefined;
}

type FilteredProfile = Pick<Profile, 'seccomp' | 'capabilities' | 'noNewPrivileges'>;

/**
 * Finds out who can load a filter here and writes it, unless it is there from an earlier start.
 * @throws ProblemError `seccompUnavailable` unless the profile says `default`, `seccompProfileWrong`.
 */
export async function prepareSeccomp(profile: FilteredProfile, folder: string): Promise<PreparedSeccomp> {
  const { seccomp, capabilities } = profile;
  if (seccomp.kind === 'off') return { plan: undefined, missing: undefined };
  const filter = seccomp.kind === 'file' ? readOciFilter(seccomp.path, capabilities) : defaultFilter(capabilities);
  try {
    const loader = await findLoader(profile);
    return { plan: { file: await cachedBpf(filter, folder), loader }, missing: undefined };
  } catch (error) {
    const reason = messageOf(error);
    if (seccomp.kind === 'default') return { plan: undefined, missing: reason };
    return fail(
      'seccompUnavailable',
      { reason, fix: `Install what does it: ${installCommand(['libseccomp.so.2', 'perl'])}` },
      error,
    );
  }
}

/**
 * A profile's own filter may refuse what setpriv(1) does after it has loaded it, and setpriv(1) loads none without no_new_privs.
 * @throws Error where nobody can.
 */
export async function findLoader({ seccomp, noNewPrivileges }: Omit<FilteredProfile, 'capabilities'>): Promise<Loader> {
  if (!existsSync('/proc/sys/kernel/seccomp/actions_avail')) throw new Error('this kernel has no seccomp filters');
  const perl = findProgram('perl') !== undefined && perlKnowsThisMachine;
  const setpriv = noNewPrivileges && (await hostFeatures()).setpriv.seccompFilter;
  if (setpriv && !(perl && seccomp.kind === 'file')) return 'setpriv';
  if (perl) return 'perl';
  throw new Error('neither setpriv (from util-linux 2.41 on) nor perl is there to load one');
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
