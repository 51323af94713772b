import { keptCapabilities } from './capabilities.ts';
import { hasOneId } from './ids.ts';
import type { Plan } from './plan.ts';
import { rlimitFacts } from './rlimits.ts';
import type { Fact } from './script/facts.ts';

/** What makes a process the user of the sandbox and confines it: PID 1, the first command, and whatever enters later. */
export function confinementFacts({ profile, identity, ids, seccomp }: Plan): readonly Fact[] {
  const { uid, gid } = identity;
  const isMade = !hasOneId(ids);
  return [
    ...rlimitFacts(profile.rlimits).map((fields): Fact => ['rlimit', ...fields]),
    ['keep', keptCapabilities(profile.capabilities).join(',')],
    // A single id has no groups to lose, and may set none: user_namespaces(7).
    ['user', uid, gid, isMade ? 1 : 0, isMade ? 1 : 0],
    ...(profile.noNewPrivileges ? [['no_new_privs'] as const] : []),
    ...(seccomp === undefined ? [] : [['filter', seccomp.file] as const]),
  ];
}

/** What the command of a terminal has beside that: the rules of landlock(7), its folder, its shell. */
export function commandFacts({ profile, landlock, cwd, shells }: Plan): readonly Fact[] {
  return [
    ...(landlock === undefined ? [] : [['handled', landlock.handled] as const]),
    ...(landlock?.rules ?? []).map(({ rights, path }): Fact => ['landlock', rights, path]),
    ['cwd', cwd],
    ...shells.map((path): Fact => ['shell', path]),
    ...(profile.command === undefined ? [] : [['command', ...profile.command] as const]),
  ];
}
