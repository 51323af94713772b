import { attempt } from './attempt.ts';

/** landlock_create_ruleset(2), whose number is the same on every architecture, with LANDLOCK_CREATE_RULESET_VERSION. */
const ASK = 'my $version = syscall 444, 0, 0, 1; die "$!\\n" if $version < 0; print $version';

/** The version of landlock(7) that knows all rights to files that a profile can give. */
export const NEEDED_LANDLOCK = 3;

/** The version of landlock(7) that this kernel has; 0 and a reason where it has none. */
export async function landlockVersion(): Promise<{ readonly version: number; readonly reason: string }> {
  const { ok, output, reason } = await attempt(['perl', '-fTUe', ASK]);
  return ok ? { version: Number(output), reason: '' } : { version: 0, reason };
}
