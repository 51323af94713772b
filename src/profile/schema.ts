import * as v from 'valibot';
import type { LimitKey } from '../model/profile.ts';
import { isLimit, LIMIT_EXPECTED, LIMIT_PATTERNS } from './limits.ts';

/*
 * One source for the types, the checks and the JSON schema of `.vscode/sandboxes.json`.
 * Every message completes "it must be …"; the one of an object lists its keys, for the sentence about an unknown key.
 */

/** An object, and no array. */
export const anyObject = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
);

/** Valibot's own objects also take arrays, hence the first step. */
function keyed<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(anyObject, v.strictObject(entries, Object.keys(entries).join(', ')));
}

/** Valibot's own records also take arrays, hence the first step. */
export function mapOf<const Value extends v.GenericSchema>(name: v.GenericSchema<string>, value: Value) {
  return v.pipe(anyObject, v.record(name, value));
}

/** One of some words, each with its meaning. */
function choice<const Words extends Readonly<Record<string, string>>>(words: Words, usual: keyof Words & string) {
  const names = Object.keys(words) as (keyof Words & string)[];
  const quoted = names.map((name) => `"${name}"`);
  return v.pipe(
    v.picklist(names, `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`),
    v.metadata({ default: usual, enumDescriptions: Object.values(words) }),
  );
}

/** Text without NUL, which no path, argument or variable can hold. */
function text(expected: string) {
  return v.pipe(
    v.string(expected),
    v.check((value) => !value.includes('\0'), `${expected}, without the character NUL`),
  );
}

function shaped(pattern: RegExp, expected: string) {
  return v.pipe(
    text(expected),
    v.regex(pattern, expected),
    v.metadata({ patternErrorMessage: `This must be ${expected}.` }),
  );
}

const profileName = shaped(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
  'a name of at most 64 letters, digits, ".", "_" and "-" that starts with a letter or a digit',
);
const variableName = shaped(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of a variable, such as "LANG"');
const hostPath = v.pipe(text('a path on this machine'), v.nonEmpty('a path on this machine'));
const insidePath = shaped(/^(?:\/|\$\{)/, 'an absolute path inside the sandbox');

const rootfs = v.union(
  [
    v.pipe(v.literal('host'), v.description("The machine's own system, read-only.")),
    hostPath,
    keyed({
      tar: v.pipe(hostPath, v.description('A .tar, .tar.gz, .tgz or .tar.xz that holds a root file system.')),
      sha256: v.exactOptional(
        v.pipe(
          shaped(/^[0-9a-fA-F]{64}$/, 'a SHA-256 of 64 hexadecimal digits'),
          v.description('SHA-256 of the archive: another one is not unpacked.'),
        ),
      ),
    }),
  ],
  '"host", the path of a directory or archive, or { "tar": path, "sha256": digest }',
);

const HOSTNAME = 'a host name of at most 64 letters, digits, "-" and "." (hostname(7))';
const hostname = shaped(/^(?=.{1,64}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/, HOSTNAME);

const mount = keyed({
  bind: v.pipe(
    hostPath,
    v.description('File or folder of this machine: absolute, ~/…, or relative to the workspace folder.'),
  ),
  to: v.pipe(insidePath, v.description('Where it appears inside: an absolute path.')),
  readOnly: v.exactOptional(
    v.pipe(
      v.boolean('true or false'),
      v.description('Whether it can only be read inside.'),
      v.metadata({ default: false }),
    ),
  ),
});

function limit(key: LimitKey, description: string, examples: readonly string[]) {
  const value = v.union([v.number(), v.string()], LIMIT_EXPECTED[key]);
  return v.exactOptional(
    v.pipe(
      value,
      v.check((given) => isLimit(key, given), LIMIT_EXPECTED[key]),
      v.description(description),
      v.metadata({
        examples,
        pattern: LIMIT_PATTERNS[key].source,
        patternErrorMessage: `This must be ${LIMIT_EXPECTED[key]}.`,
        ...(key === 'cpu.max' ? { type: 'string' } : { minimum: 1 }),
      }),
    ),
  );
}

const limits = keyed({
  mode: v.exactOptional(
    v.pipe(
      choice(
        {
          strict: 'A limit that cannot be had is an error, and the sandbox does not start.',
          'best-effort': 'The sandbox starts without a limit that cannot be had, and says so.',
        },
        'strict',
      ),
      v.description(
        'What happens where a limit cannot be had. A profile that sets a limit is strict unless it says otherwise.',
      ),
    ),
  ),
  'memory.max': limit('memory.max', 'Most memory in bytes; K, M, G and T are powers of 1024. "max" is no limit.', [
    '64M',
    '1G',
    '4G',
    'max',
  ]),
  'pids.max': limit('pids.max', 'Most processes and threads at the same time. "max" is no limit.', [
    '64',
    '256',
    '1024',
    'max',
  ]),
  'cpu.max': limit('cpu.max', 'CPU time: 100% is one CPU, or QUOTA PERIOD in microseconds. "max" is no limit.', [
    '50%',
    '150%',
    '50000 100000',
    'max',
  ]),
});

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

function key<const Value extends v.GenericSchema>(value: Value, description: string) {
  return v.exactOptional(v.pipe(value, v.description(description)));
}

/** One profile as a file writes it: every key may be absent, and comes then from the profile it extends. */
export const profileSchema = keyed({
  extends: key(
    profileName,
    'Profile that gives all keys not set here: built in are throwaway, project, agent and learn.',
  ),
  description: key(text('a text of one line'), 'One line that is shown where a profile is picked.'),
  rootfs: key(
    v.pipe(rootfs, v.metadata({ default: 'host' })),
    'Root file system: "host", a directory (changes are kept apart from it), or an archive.',
  ),
  hostname: key(hostname, 'Host name inside, as hostname(7) allows; without it, the name of the profile.'),
  workspace: key(
    choice(
      {
        rw: 'Read and write; files that run code outside, such as .vscode and .git/hooks, stay read-only.',
        ro: 'Read only.',
        none: 'Not there.',
      },
      'ro',
    ),
    'How the workspace folder appears inside.',
  ),
  home: key(
    choice(
      { empty: 'An empty home each time; nothing stays.', kept: 'A private home of this profile that stays.' },
      'empty',
    ),
    'Home directory inside; never your own.',
  ),
  tools: key(
    v.array(hostPath, 'a list of paths'),
    'Folders with your own programs, read-only at the same place; one that does not exist is left out.',
  ),
  mounts: key(v.array(mount, 'a list of { "bind", "to" }'), 'More files and folders of this machine to show inside.'),
  network: key(
    choice(
      {
        none: 'Only its own loopback.',
        host: "The machine's own network: nothing is kept apart.",
        internet: 'An own network with a way out. Not available in this version.',
      },
      'none',
    ),
    'Network inside.',
  ),
  limits: key(limits, 'Limits of all its processes together, by their cgroup v2 names.'),
  capabilities: key(
    choice(
      {
        default: 'Those that containers have (OCI runtimes).',
        all: 'All, of its own user namespace: for mount, ip and hostname inside.',
      },
      'default',
    ),
    'Capabilities inside; none reaches out of the sandbox.',
  ),
  time: key(
    keyed({
      boottime: seconds('Seconds added to CLOCK_BOOTTIME, which uptime shows.'),
      monotonic: seconds('Seconds added to CLOCK_MONOTONIC.'),
    }),
    'Clocks inside, as offsets in seconds (time_namespaces(7)).',
  ),
  env: key(mapOf(variableName, text('a text')), 'Variables set inside; ${env:NAME} takes a value from outside.'),
  envPass: key(
    v.array(variableName, 'a list of names of variables'),
    'Names of variables that pass from outside; nothing else does.',
  ),
  cwd: key(insidePath, 'Where a terminal starts: an absolute path inside; without it, the workspace or else the home.'),
  shell: key(
    insidePath,
    'Shell of a terminal: an absolute path inside; without it, the first found of bash, ash and sh.',
  ),
  lifetime: key(
    choice(
      {
        terminal: 'Until its first terminal closes.',
        window: 'Until the window closes.',
        untilStopped: 'Until it is stopped, also without a window.',
      },
      'terminal',
    ),
    'How long the sandbox runs.',
  ),
});

/** A profile file around profiles of any schema. */
export function fileSchema<const Profile extends v.GenericSchema>(profile: Profile) {
  return keyed({
    $schema: key(v.string('the address of a JSON schema'), 'Address of the JSON schema, for editors that look it up.'),
    profiles: key(mapOf(profileName, profile), 'Profiles of sandboxes, by name.'),
  });
}

export const profileFileSchema = v.pipe(
  fileSchema(profileSchema),
  v.title('Sandboxes'),
  v.description('Profiles of sandboxes for this workspace.'),
  v.metadata({ allowComments: true, allowTrailingCommas: true }),
);

export type FileProfile = v.InferOutput<typeof profileSchema>;
