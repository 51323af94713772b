import { join } from 'node:path';
import { SYSTEM_PATH } from '../../host/programs.ts';
import type { Profile } from '../../model/profile.ts';
import type { LimitsGiven } from '../../model/sandbox.ts';
import { newTypes } from '../choices.ts';
import { confinedTerminal } from '../confinement.ts';
import { closeHandedOn } from './descriptors.ts';
import { enterSharedAgain } from './enter-shared.ts';
import { enterOptions } from '../identity.ts';
import { dropToShifted } from '../ids.ts';
import type { Plan } from '../plan.ts';
import { shellWord, shellWords } from './quote.ts';
import { rlimitOptions } from '../rlimits.ts';

/** What the join script needs to know beyond the plan: how the limits are kept. */
export interface JoinFacts {
  readonly given: LimitsGiven;
  /** sh lines that move this shell (`$$`) into the sandbox's cgroups. */
  readonly placing: readonly string[];
  /** Files that count kills for memory, each with the word in front of the number. */
  readonly memoryKillCounters: readonly { readonly file: string; readonly key: string }[];
}

/**
 * The script behind every terminal of a sandbox, the first one too: `join.sh [command line]`.
 * setns(2) into a user namespace gives every capability back, and limits are not joined at all, so that each
 * entry goes into the cgroup first and is confined again last.
 */
export function joinScript(plan: Plan, facts: JoinFacts): string {
  return [
    ...prologue(plan),
    ...noForeignTerminal(),
    ...stillThere(plan),
    ...takeGiven(plan),
    ...intoCgroup(facts),
    ...enter(plan),
    ...sayDeath(facts),
    ...sayEnd(),
    'exit "$status"',
    '',
  ].join('\n');
}

function prologue({ id, profile }: Plan): readonly string[] {
  return [
    '#!/bin/sh',
    `# Enters the sandbox ${id}: join.sh ['command line'].`,
    'set -eu',
    ...givenByHand(profile),
    `export LC_ALL=C PATH=${SYSTEM_PATH.join(':')}`,
    ...closeHandedOn(),
    'term=${TERM-dumb} color=${COLORTERM-} command=${1-}',
    '',
  ];
}

/** Before this script sets variables of its own, which may have such names. */
function givenByHand({ envPass }: Profile): readonly string[] {
  if (envPass.length === 0) return [];
  const lines = envPass.map((name) => `  unset given_${name}; [ -z "\${${name}+x}" ] || given_${name}=$${name}`);
  return [
    '# What passes from outside: by hand that of this shell, else as it was when the sandbox was started. This script may start',
    '# itself anew, with other variables.',
    'if [ -z "${are_given-}" ]; then',
    ...lines,
    'fi',
    `export are_given=yes ${envPass.map((name) => `given_${name}`).join(' ')}`,
  ];
}

/** The file of a sandbox's folder with the values that pass: whoever is shown this script is not shown them. */
export const GIVEN = 'given';

/** What that file says, as sh(1). */
export function givenLines({ envPass }: Profile, env: NodeJS.ProcessEnv): string {
  const said = envPass.flatMap((name) => (env[name] === undefined ? [] : [`given_${name}=${shellWord(env[name])}\n`]));
  return said.join('');
}

function takeGiven({ profile: { env, envPass }, folder }: Plan): readonly string[] {
  const file = shellWord(join(folder, GIVEN));
  const lines = [
    ...(envPass.length > 0 ? [`[ ! -r ${file} ] || . ${file}`] : []),
    ...Object.entries(env).map(([name, value]) => `given_${name}=${shellWord(value)}`),
  ];
  return lines.length === 0 ? [] : ['# Under other names: the programs that go in heed some of them.', ...lines, ''];
}

/** A folder that is open leads to every other one, `..` by `..`. */
function noForeignTerminal(): readonly string[] {
  return [
    '# Without a terminal of its own it gets a session of its own, setsid(1): in this one it could type into yours, ioctl_tty(2).',
    'if [ ! -t 0 ] || [ ! -t 1 ]; then',
    '  { ! command : </dev/tty; } 2>/dev/null || exec setsid --wait sh "$0" "$@"',
    'fi',
    'for fd in 0 1 2; do',
    `  [ ! -d "/proc/$$/fd/$fd" ] || { echo 'A folder cannot be input or output of a sandbox.' >&2; exit 1; }`,
    'done',
    '',
  ];
}

/**
 * Field 22 of proc_pid_stat(5), counted after the name in brackets, which may hold anything. The keeper is the process
 * in the user namespace of what the sandbox shares with others.
 */
function stillThere({ folder, sharing }: Plan): readonly string[] {
  const keeps = sharing.parent !== undefined;
  return [
    '# What is entered must still be what it was: its start time says so, proc_pid_stat(5).',
    'field_22() { shift 19; since=$1; }',
    'is_there() { read -r stat 2>/dev/null <"/proc/$1/stat" && field_22 ${stat##*) } && [ "$since" = "$2" ]; }',
    "gone() { echo 'The sandbox has ended.' >&2; exit 1; }",
    `[ -r ${shellWord(`${folder}/pid`)} ] || gone`,
    `{ read -r pid started; ${keeps ? 'read -r keeper kept; ' : ''}} <${shellWord(`${folder}/pid`)}`,
    'is_there "$pid" "$started" || gone',
    ...(keeps ? [`is_there "$keeper" "$kept" || { echo ${shellWord(LOST)} >&2; exit 1; }`] : []),
    '',
  ];
}

const LOST = 'The process that keeps the shared namespaces has ended: nobody can enter any more. Stop the sandbox.';

function intoCgroup({ placing, memoryKillCounters }: JoinFacts): readonly string[] {
  if (placing.length === 0) return [];
  return [
    '# Into its cgroups, cgroups(7): every process of the sandbox is under its limits.',
    ...placing,
    ...(memoryKillCounters.length > 0 ? [...counterFunction(memoryKillCounters), 'killed_before=$(kills)'] : []),
    '',
  ];
}

function counterFunction(counters: JoinFacts['memoryKillCounters']): readonly string[] {
  return [
    'kills() {',
    '  total=0',
    ...counters.map(
      ({ file, key }) =>
        `  while read -r key value; do [ "$key" != ${shellWord(key)} ] || total=$((total + value)); done <${shellWord(file)}`,
    ),
    '  echo "$total"',
    '}',
  ];
}

/** On a terminal script(1) gives the shell a terminal of the sandbox's own, so that `tty` and /dev/tty are right. */
function enter(plan: Plan): readonly string[] {
  return [
    '# In, by the name of each namespace, nsenter(1), with an environment made from nothing; then confined again. What the',
    '# profile sets comes after that: PATH and LD_PRELOAD, ld.so(8), would count for the programs that go in, too.',
    'enter() {',
    `  ${shellWords(['env', '-i', ...ownEnvironment(plan)])} TERM="$term" COLORTERM="$color" command="$command" \\`,
    ...givenNames(plan.profile).map((name) => `    \${given_${name}+"given_${name}=$given_${name}"} \\`),
    `    ${entering(plan).join(' ')} \\`,
    `    ${confinedTerminal(plan)} "$@"`,
    '}',
    `inside=${shellWord(insideLine(plan))}`,
    'status=0',
    'if [ -t 0 ] && [ -t 1 ]; then',
    `  enter ${plan.tool('script')} --quiet --return --command "$inside" /dev/null || status=$?`,
    'elif [ -f "/proc/$$/fd/0" ]; then',
    '  # A file that is input could be opened again inside, to write.',
    '  cat | enter /bin/sh -c "$inside" || status=$?',
    'else',
    '  enter /bin/sh -c "$inside" || status=$?',
    'fi',
  ];
}

/** Before anything is entered, because a foreign root file system need not have prlimit(1). */
function limited({ rlimits }: Profile): readonly string[] {
  const options = rlimitOptions(rlimits);
  return options.length === 0 ? [] : ['prlimit', ...options, '--'];
}

/** Words of a command line, already quoted. */
function entering(plan: Plan): readonly string[] {
  const { profile, ids, sharing } = plan;
  const shared = enterSharedAgain(sharing);
  const types = newTypes(profile, ['uts', 'ipc', 'net', 'pid', 'cgroup', 'time']).map((type) => `--${type}`);
  const own = ['nsenter', '--target', '"$pid"', '--user', '--mount', ...types, ...enterOptions(ids), '--'];
  return [...shared.early, ...dropToShifted(ids), ...limited(profile), ...shared.parent, ...own];
}

/** What runs inside: the command line that was given, else that of the profile, else the first shell that is there. */
function insideLine(plan: Plan): string {
  const { cwd, profile, shells } = plan;
  const usual = profile.command === undefined ? '"$SHELL"' : shellWords(profile.command);
  return [
    `cd ${shellWord(cwd)} || exit 1`,
    'set -- "$command"; unset command',
    // "command" keeps a shell alive that knows one of the names as read-only
    `command export ${shellWords(usualEnvironment(plan))} || :`,
    ...ignorePlaceholders(plan),
    ...givenNames(profile).map((name) => `[ -z "\${given_${name}+x}" ] || ${exported(name)}`),
    `for SHELL in ${shellWords(shells)}; do [ ! -x "$SHELL" ] || break; done`,
    'export SHELL',
    `if [ -n "$1" ]; then eval "shift; $1"; else exec ${usual}; fi`,
  ].join('; ');
}

const IGNORED = '/tmp/.git-placeholders';

/** Whoever commits everything inside does not commit what only stands there meanwhile (git-config(1), GIT_CONFIG_COUNT). */
function ignorePlaceholders({ ignored }: Plan): readonly string[] {
  if (ignored.length === 0) return [];
  const variables = ['GIT_CONFIG_COUNT=1', 'GIT_CONFIG_KEY_0=core.excludesFile', `GIT_CONFIG_VALUE_0=${IGNORED}`];
  return [
    `{ printf '%s\\n' ${shellWords(ignored)} >${IGNORED}; } 2>/dev/null || :`,
    `command export ${shellWords(variables)} || :`,
  ];
}

/** What every program has that goes in, and the shell too. */
function ownEnvironment({ identity: { home, name } }: Plan): readonly string[] {
  return [`PATH=${SYSTEM_PATH.join(':')}`, `HOME=${home}`, `USER=${name}`, `LOGNAME=${name}`, 'SHELL=/bin/sh'];
}

/** What the shell has besides. */
function usualEnvironment({ toolchains: { path, env } }: Plan): readonly string[] {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return [`PATH=${[...path, ...SYSTEM_PATH].join(':')}`, 'LANG=C.UTF-8', ...variables];
}

const exported = (name: string): string => `{ command export "${name}=$given_${name}" || :; unset given_${name}; }`;

const givenNames = ({ env, envPass }: Profile): readonly string[] => [...new Set([...envPass, ...Object.keys(env)])];

/** PID 1 takes every process with it when it ends, this terminal's too. */
function sayEnd(): readonly string[] {
  return [`[ "$status" != 137 ] || [ -e "/proc/$pid/ns" ] || echo 'The sandbox was stopped.' >&2`];
}

/** The kernel kills with a bare SIGKILL; the counter of the cgroup knows that it was the limit. */
function sayDeath({ memoryKillCounters, given }: JoinFacts): readonly string[] {
  const limit = given.held['memory.max'];
  if (memoryKillCounters.length === 0 || limit === undefined) return [];
  return [
    'if [ "$(kills)" != "$killed_before" ]; then',
    `  echo ${shellWord(`killed by memory.max = ${limit}`)} >&2`,
    'fi',
  ];
}
