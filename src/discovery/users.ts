import { readFileSync } from 'node:fs';

/** Names of users by their ids. */
export type Users = ReadonlyMap<number, string>;

/** The users of /etc/passwd (passwd(5)); none where it cannot be read. */
export function knownUsers(): Users {
  try {
    return parseUsers(readFileSync('/etc/passwd', 'utf8'));
  } catch {
    return new Map();
  }
}

/** The first line of an id counts, as for getpwuid(3). */
export function parseUsers(passwd: string): Users {
  const lines = [...passwd.matchAll(/^([^:\n]+):[^:\n]*:(\d+):/gm)];
  return new Map(lines.toReversed().map(([, name = '', uid]) => [Number(uid), name]));
}
