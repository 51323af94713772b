import * as v from 'valibot';
import { choice, key, keyed, shaped } from './schema-parts.ts';

const HOSTNAME = 'a host name of at most 64 letters, digits, "-" and "." (hostname(7))';
export const hostname = shaped(
  /^(?=.{1,64}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/,
  HOSTNAME,
);

const DOMAINNAME = 'an NIS domain name of at most 64 characters without blanks (domainname(1))';
export const domainname = shaped(/^[!-~]{1,64}$/, DOMAINNAME);

const OWN = '"new": without a namespace of its own a sandbox would not be one';
const own = v.pipe(v.literal('new', OWN), v.metadata({ default: 'new' }));

const CHOICE = '"new", "host", "sandbox:" and the id of a running one, or the absolute path of a namespace';
const choosable = v.pipe(
  shaped(/^(?:new|host|sandbox:[A-Za-z0-9][A-Za-z0-9._-]{0,63}|\/.+)$/, CHOICE),
  v.metadata({ default: 'new', examples: ['new', 'host', 'sandbox:db', '/run/netns/n1'] }),
);

/** Each type by itself (namespaces(7)). */
export const namespaces = keyed({
  user: key(own, 'User and group ids: always new, because it gives the rights over all others.'),
  mnt: key(own, 'Mounts: always new, because the root file system stands in it.'),
  pid: key(own, 'Process ids: always new, because its end takes every process with it.'),
  net: key(choosable, 'Network: new, of the host, of another sandbox, or of a path. Not together with "network".'),
  ipc: key(choosable, 'System V IPC and message queues: new, of the host, of another sandbox, or of a path.'),
  uts: key(choosable, 'Host name: new, of the host, of another sandbox, or of a path. Not together with "hostname".'),
  cgroup: key(
    choice({ new: 'The cgroup of the sandbox is its root.', host: 'As outside.' }, 'new'),
    'Cgroup root: new, or of the host.',
  ),
  time: key(choosable, 'Clocks: new, of the host, of another sandbox, or of a path. Not together with "time".'),
});

const ID = 'a whole number from 0 to 4294967294';
const id = v.pipe(v.number(ID), v.integer(ID), v.minValue(0, ID), v.maxValue(2 ** 32 - 2, ID));

/** Who one is inside. */
export const user = v.union(
  [
    choice({ root: 'Root inside, an ordinary user outside.', same: 'The same uid and gid as outside.' }, 'root'),
    id,
    keyed({
      uid: v.pipe(id, v.description('User id inside.')),
      gid: v.pipe(id, v.description('Group id inside.')),
    }),
  ],
  '"root", "same", a uid, or { "uid", "gid" }',
);

/** About 146 years: the kernel takes no greater offset (kernel/time/namespace.c: KTIME_SEC_MAX / 2). */
const MOST_SECONDS = 4_611_686_018;
const SECONDS = `a whole number of seconds from -${MOST_SECONDS} to ${MOST_SECONDS}`;

function seconds(description: string) {
  return v.exactOptional(
    v.pipe(
      v.number(SECONDS),
      v.integer(SECONDS),
      v.minValue(-MOST_SECONDS, SECONDS),
      v.maxValue(MOST_SECONDS, SECONDS),
      v.description(description),
      v.metadata({ default: 0 }),
    ),
  );
}

export const time = keyed({
  boottime: seconds('Seconds added to CLOCK_BOOTTIME, which uptime shows.'),
  monotonic: seconds('Seconds added to CLOCK_MONOTONIC.'),
});
