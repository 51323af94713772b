import type { Profile } from '../../model/profile.ts';
import { mayMount } from '../capabilities.ts';
import type { Plan } from '../plan.ts';

/**
 * Lines that refuse user namespaces inside where one would undo what a profile closes: in it one has CAP_SYS_ADMIN, can
 * detach every mount in a mount namespace of its own, and can rename there what they stood on (rename(2), EBUSY). It belongs to a
 * sandbox without held mounts whose filter does not refuse it already.
 */
export function refuseNested({ profile, held, seccomp }: Plan): readonly string[] {
  const refused = seccomp !== undefined && profile.seccomp.kind !== 'file' && !mayMount(profile.capabilities);
  if (held !== undefined || refused || !closesSomething(profile)) return [];
  return [
    '# No user namespace inside, namespaces(7): who has every capability in one could rename what is closed here.',
    'echo 0 >/proc/sys/user/max_user_namespaces',
    '',
  ];
}

function closesSomething({ workspace, maskedPaths, readOnlyPaths, mounts }: Profile): boolean {
  const closed = [...maskedPaths, ...readOnlyPaths, ...mounts.filter(({ kind }) => kind === 'mask')];
  return workspace === 'rw' || closed.length > 0;
}
