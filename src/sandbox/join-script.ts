import { SYSTEM_PATH } from '../host/programs.ts';
import type { LimitsGiven, Pinned } from '../model/sandbox.ts';
import { newTypes } from './choices.ts';
import { confinement } from './capabilities.ts';
import { closeHandedOn } from './descriptors.ts';
import { enterSharedAgain, stillThere } from './enter-shared.ts';
import { becomeOptions, enterOptions, entersWithoutCapabilities } from './identity.ts';
import { dropToShifted } from './ids.ts';
import type { Plan } from './plan.ts';
import { shellWord, shellWords } from './quote.ts';

/** What the join script needs to know beyond the plan: PID 1, and how the limits are kept. */
export interface JoinFacts {
  readonly pid: number;
  /** Clock ticks after boot, which tell PID 1 from a later process of the same number. */
  readonly startTime: number;
  /** The process in the user namespace of what the sandbox shares with others. */
  readonly keeper: Pinned | undefined;
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
    ...checks(facts),
    ...intoCgroup(facts),
    ...enter(plan, facts),
    ...sayDeath(facts),
    ...sayEnd(facts),
    'exit "$status"',
    '',
  ].join('\n');
}

function prologue({ id }: Plan): readonly string[] {
  return [
    '#!/bin/sh',
    `# Enters the sandbox ${id}: join.sh ['command line'].`,
    'set -eu',
    `export LC_ALL=C PATH=${SYSTEM_PATH.join(':')}`,
    ...closeHandedOn(),
    'term=${TERM-dumb} color=${COLORTERM-} command=${1-}',
    '',
  ];
}

function checks({ pid, startTime, keeper }: JoinFacts): readonly string[] {
  const lost = 'The process that keeps the shared namespaces has ended: nobody can enter any more. Stop the sandbox.';
  return [
    ...stillThere({ pid, startTime }, 'The sandbox has ended.'),
    ...(keeper === undefined ? [] : stillThere(keeper, lost)),
    '',
  ];
}

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
function enter(plan: Plan, facts: JoinFacts): readonly string[] {
  const setpriv = `${plan.tool('setpriv')} ${shellWords(confineAgain(plan))} --`;
  return [
    '# In, by the name of each namespace, nsenter(1), with an environment made from nothing; then confined again.',
    'enter() {',
    `  ${shellWords(['env', '-i', ...environment(plan)])} TERM="$term" COLORTERM="$color" command="$command" \\`,
    `    ${shellWords(nsenter(plan, facts))} \\`,
    `    ${setpriv} "$@"`,
    '}',
    `inside=${shellWord(insideLine(plan))}`,
    'status=0',
    'if [ -t 0 ] && [ -t 1 ]; then',
    `  enter ${plan.tool('script')} --quiet --return --command "$inside" /dev/null || status=$?`,
    'else',
    '  enter /bin/sh -c "$inside" || status=$?',
    'fi',
  ];
}

function confineAgain({ profile, ids, identity }: Plan): readonly string[] {
  const options = [...becomeOptions(identity, ids), ...confinement(profile.capabilities)];
  return entersWithoutCapabilities(ids) ? options.filter((option) => !option.startsWith('--bounding-set')) : options;
}

function nsenter({ profile, ids, sharing }: Plan, { pid, keeper }: JoinFacts): readonly string[] {
  const shared = enterSharedAgain(sharing, pid, keeper);
  const types = newTypes(profile, ['uts', 'ipc', 'net', 'pid', 'cgroup', 'time']).map((type) => `--${type}`);
  const own = ['nsenter', '--target', String(pid), '--user', '--mount', ...types, ...enterOptions(ids), '--'];
  return [...shared.early, ...dropToShifted(ids), ...shared.parent, ...own];
}

/** What runs inside: the command line that was given, else the first shell that is there. */
function insideLine({ cwd, profile }: Plan): string {
  const shells = profile.shell === undefined ? ['/bin/bash', '/usr/bin/bash', '/bin/ash', '/bin/sh'] : [profile.shell];
  return [
    `cd ${shellWord(cwd)} || exit 1`,
    `for SHELL in ${shellWords(shells)}; do [ ! -x "$SHELL" ] || break; done`,
    'export SHELL',
    'line=$command; unset command',
    'if [ -n "$line" ]; then eval "$line"; else exec "$SHELL"; fi',
  ].join('; ');
}

function environment({ profile, identity }: Plan): readonly string[] {
  const toolFolders = profile.tools.filter((path) => path.endsWith('/bin'));
  const passed = profile.envPass.flatMap((name) =>
    process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`],
  );
  const own = Object.entries(profile.env).map(([name, value]) => `${name}=${value}`);
  return [
    `PATH=${[...toolFolders, ...SYSTEM_PATH].join(':')}`,
    `HOME=${identity.home}`,
    `USER=${identity.name}`,
    `LOGNAME=${identity.name}`,
    'LANG=C.UTF-8',
    'SHELL=/bin/sh',
    ...passed,
    ...own,
  ];
}

/** PID 1 takes every process with it when it ends, this terminal's too. */
function sayEnd({ pid }: JoinFacts): readonly string[] {
  return [`[ "$status" != 137 ] || [ -e /proc/${pid}/ns ] || echo 'The sandbox was stopped.' >&2`];
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
