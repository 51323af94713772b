import type { HelperProgram } from '../protocol/helper.ts';
import { asLogin } from './login.ts';
import { requireProgram, runUnlocked } from './programs.ts';

/**
 * Runs a program in namespaces, as the user: the kernel lets only the owner of the user namespace in (user_namespaces(7)), and
 * only into what that user namespace owns. So another user's namespaces are refused by the kernel itself. Nothing of root is
 * left by then.
 * @throws Error of nsenter(1) or of the program.
 */
export function runAsOwner(
  uid: number,
  namespaces: OwnedNamespaces,
  [program, ...args]: readonly [HelperProgram, ...string[]],
): string {
  const drop = [...asLogin(uid), '--no-new-privs', '--'];
  const { user, net } = namespaces;
  const enter = [
    requireProgram('nsenter'),
    '--user=/proc/self/fd/3',
    ...(net === undefined ? [] : ['--net=/proc/self/fd/4']),
  ];
  return runUnlocked(
    'setpriv',
    [...drop, ...enter, '--preserve-credentials', '--', requireProgram(program), ...args],
    net === undefined ? [user] : [user, net],
  );
}

/** Descriptors of a user namespace, and of a net namespace that it owns. */
export interface OwnedNamespaces {
  readonly user: number;
  readonly net?: number;
}
