import { readFileSync } from 'node:fs';

const NOBODY = 65_534;

/**
 * Options of setpriv(1) that make a process the user as a login does, with all groups: its user may trace what enters a user
 * namespace of the user, and must not get out of a group by it (user_namespaces(7), "setgroups").
 */
export function asLogin(uid: number): readonly string[] {
  const { name, gid } = ownIds(uid);
  const groups = name === undefined ? '--clear-groups' : '--init-groups';
  return ['--reuid', String(uid), '--regid', String(gid ?? NOBODY), groups];
}

/** Name and group of a user, of passwd(5); undefined of one who has no line there. */
export function ownIds(uid: number): { readonly name: string | undefined; readonly gid: number | undefined } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((text) => text.split(':'))
    .find(([, , id]) => id === String(uid));
  return { name: line?.[0], gid: line && Number(line[3]) };
}
