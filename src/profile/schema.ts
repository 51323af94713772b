import * as v from 'valibot';
import { capabilities, insidePaths, landlock, rlimits, seccomp } from './schema-confinement.ts';
import { mount, rootfs } from './schema-files.ts';
import { labInterfaces, labNetworks } from './schema-lab.ts';
import { limits } from './schema-limits.ts';
import { domainname, hostname, namespaces, time, user } from './schema-namespaces.ts';
import { network } from './schema-network.ts';
import {
  choice,
  flag,
  hostPath,
  insidePath,
  key,
  keyed,
  mapOf,
  profileName,
  text,
  variableName,
} from './schema-parts.ts';

/*
 * One source for the types, the checks and the JSON schema of `.vscode/sandboxes.json`.
 * Every message completes "it must be …"; the one of an object lists its keys, for the sentence about an unknown key.
 */

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
  readOnly: key(flag(false), 'Whether the root file system cannot be written to; "host" never can.'),
  hostname: key(hostname, 'Host name inside, as hostname(7) allows; without it, the name of the profile.'),
  domainname: key(domainname, 'NIS domain name inside.'),
  namespaces: key(namespaces, 'Which namespace of each type the sandbox is in; without it, new ones.'),
  user: key(user, 'Who one is inside: root, the same as outside, or another uid.'),
  ids: key(
    choice(
      {
        auto: 'The ranges of /etc/subuid and /etc/subgid where there are some and newuidmap(1) is there, else one id.',
        single: 'Only one id: that of the user.',
        ranges: 'The ranges, or the sandbox does not start. Package managers need them.',
      },
      'auto',
    ),
    'Which user and group ids exist inside (subuid(5)).',
  ),
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
    'Folders with your own programs, read-only at the same place, and on PATH if called bin; a missing one is left out.',
  ),
  mounts: key(v.array(mount, 'a list of mounts'), 'More files and folders inside, mounted in this order.'),
  maskedPaths: key(insidePaths, 'Paths inside that are hidden, beside those of every sandbox.'),
  readOnlyPaths: key(insidePaths, 'Paths inside that can only be read, beside those of every sandbox.'),
  network: key(network, 'Network inside, and the ports that lead in and out.'),
  networks: key(
    labInterfaces,
    'Networks of this file that the sandbox joins, each with its address there. Not together with "network", but for "none".',
  ),
  forwarding: key(flag(false), 'Whether it passes packets on from one of its networks to another, as a router does.'),
  limits: key(limits, 'Limits of all its processes together, by their cgroup v2 names.'),
  rlimits: key(rlimits, 'Limits of each process (getrlimit(2)).'),
  capabilities: key(capabilities, 'Capabilities inside; none reaches out of the sandbox.'),
  noNewPrivileges: key(
    flag(true),
    'Whether no program gains privileges by execve(2) (no_new_privs); what is shown of this machine gives none either way.',
  ),
  seccomp: key(seccomp, 'Filter of system calls (seccomp(2)).'),
  landlock: key(landlock, 'What every process may open at most (landlock(7)). It needs Linux 6.2.'),
  time: key(time, 'Clocks inside, as offsets in seconds (time_namespaces(7)).'),
  env: key(mapOf(variableName, text('a text')), 'Variables set inside; ${env:NAME} takes a value from outside.'),
  envPass: key(
    v.array(variableName, 'a list of names of variables'),
    'Names of variables that pass from outside; besides them only TERM and COLORTERM do.',
  ),
  cwd: key(insidePath, 'Where a terminal starts: an absolute path inside; without it, the workspace or else the home.'),
  shell: key(
    insidePath,
    'Shell of a terminal: an absolute path inside; without it, the first found inside of $SHELL, bash, ash and sh.',
  ),
  command: key(
    v.pipe(
      v.array(text('a text'), 'a list of a program and its arguments'),
      v.minLength(1, 'a list of a program and its arguments'),
    ),
    'What a terminal runs instead of a shell: a program and its arguments.',
  ),
  init: key(
    v.array(text('a command line'), 'a list of command lines'),
    'Command lines that run once inside, one after the other, before the first terminal; one that fails ends the sandbox.',
  ),
  lifetime: key(
    choice(
      {
        terminal: 'Until its last terminal in the window closes, or the command of "unshared run" ends.',
        window: 'Until the window closes, or the command of "unshared run" ends.',
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
    networks: key(labNetworks, 'Networks that sandboxes of this file join, by name.'),
  });
}

export const profileFileSchema = v.pipe(
  fileSchema(profileSchema),
  v.title('Sandboxes'),
  v.description('Profiles of sandboxes for this workspace.'),
  v.metadata({ allowComments: true, allowTrailingCommas: true }),
);

export type FileProfile = v.InferOutput<typeof profileSchema>;
