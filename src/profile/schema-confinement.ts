import * as v from 'valibot';
import { CAPABILITIES } from '../model/capabilities.ts';
import { RLIMIT_NAMES, type RlimitName } from '../model/profile.ts';
import { isRlimit } from './rlimits.ts';
import { choice, insidePath, key, keyed, shaped } from './schema-parts.ts';

const base = choice(
  {
    default: 'Those that container engines give, but mknod and audit_write.',
    all: 'All, of its own user namespace: for mount, ip and hostname inside.',
    none: 'None.',
  },
  'default',
);

const CAPABILITY = 'a capability of capabilities(7), in lower case and without "cap_", such as "net_raw"';
const names = v.array(v.picklist([...CAPABILITIES].sort(), CAPABILITY), `a list, each ${CAPABILITY}`);

/** A list of capabilities, or one with changes. */
export const capabilities = v.union(
  [
    base,
    keyed({
      base: key(base, 'Where it starts from.'),
      add: key(names, 'Capabilities to add.'),
      drop: key(names, 'Capabilities to take away; this has the last word.'),
    }),
  ],
  '"default", "all", "none", or { "base", "add", "drop" }',
);

const SECCOMP = '"default", "strict", "off", or the path of an OCI seccomp profile that begins with /, ./, ../ or ~/';

export const seccomp = v.union(
  [
    choice(
      {
        default: 'A filter of dangerous system calls where this host can load one; where not, that is shown.',
        strict: 'The same filter, or the sandbox does not start.',
        off: 'No filter.',
      },
      'default',
    ),
    shaped(/^(?:\/|\.\.?\/|~\/|\$\{).+/, SECCOMP),
  ],
  SECCOMP,
);

const insidePaths = v.array(insidePath, 'a list of absolute paths inside the sandbox');

export const landlock = keyed({
  readOnly: key(insidePaths, 'What may be read and run.'),
  readWrite: key(insidePaths, 'What may also be written.'),
});

export { insidePaths };

const MEANINGS: Readonly<Record<RlimitName, string>> = {
  as: 'Address space in bytes.',
  core: 'Size of a core dump in bytes.',
  cpu: 'CPU time in seconds.',
  data: 'Data segment in bytes.',
  fsize: 'Size of a file in bytes.',
  locks: 'Number of file locks.',
  memlock: 'Locked memory in bytes.',
  msgqueue: 'Message queues in bytes.',
  nice: 'Ceiling of the nice value, as 20 minus it.',
  nofile: 'Number of open files.',
  nproc: 'Number of processes of the user.',
  rss: 'Resident memory in bytes (without effect since Linux 2.4.30).',
  rtprio: 'Ceiling of the real-time priority.',
  rttime: 'Real-time CPU time in microseconds.',
  sigpending: 'Number of queued signals.',
  stack: 'Stack in bytes.',
};

const RLIMIT = 'a whole number, "unlimited", or two of them as "SOFT:HARD" with the soft one not above the hard one';
const rlimit = v.pipe(
  v.union([v.number(), v.string()], RLIMIT),
  v.check(isRlimit, RLIMIT),
  v.metadata({
    pattern: '^(?:\\d+|unlimited)(?::(?:\\d+|unlimited))?$',
    patternErrorMessage: `This must be ${RLIMIT}.`,
    minimum: 0,
  }),
);

/** getrlimit(2), for each process. */
export const rlimits = keyed(
  Object.fromEntries(RLIMIT_NAMES.map((name) => [name, key(rlimit, MEANINGS[name])])) as Readonly<
    Record<RlimitName, ReturnType<typeof key<typeof rlimit>>>
  >,
);
