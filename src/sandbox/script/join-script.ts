import { join } from 'node:path';
import { SYSTEM_PATH } from '../../host/programs.ts';
import type { Profile } from '../../model/profile.ts';
import type { LimitsGiven } from '../../model/sandbox.ts';
import { FORGET_PERL, JOIN_PROGRAM, NUMBERS, PERL } from '../../script/programs.ts';
import { newTypes } from '../choices.ts';
import { commandFacts, confinementFacts } from '../confinement.ts';
import { usualEnvironment } from '../environment.ts';
import { factLines, type Fact } from './facts.ts';
import { outsideOf, SHIFTED_BASE } from '../ids.ts';
import type { Plan } from '../plan.ts';
import { shellWord } from './quote.ts';

/** What the join script needs to know beyond the plan: how the limits are kept. */
export interface JoinFacts {
  readonly given: LimitsGiven;
  /** sh lines that move this shell (`$$`) into the sandbox's cgroups. */
  readonly placing: readonly string[];
  /** A file that counts kills for memory, with the word in front of the number. */
  readonly memoryKillCounters: readonly { readonly file: string; readonly key: string }[];
}

/**
 * The script behind every terminal of a sandbox: `join.sh [command [argument…]]`. setns(2) into a user namespace gives every
 * capability back, and limits are not joined at all. So each entry goes into the cgroup first and is confined again.
 */
export function joinScript(plan: Plan, facts: JoinFacts): string {
  return [
    ...prologue(plan),
    ...stillThere(plan),
    ...environment(plan),
    ...intoCgroup(facts),
    ...enter(plan, facts),
    '',
  ].join('\n');
}

function prologue({ id, profile }: Plan): readonly string[] {
  return [
    '#!/bin/sh',
    `# Enters the sandbox ${id}: join.sh [command [argument…]].`,
    'set -eu',
    ...givenByHand(profile),
    `export LC_ALL=C PATH=${SYSTEM_PATH.join(':')}`,
    FORGET_PERL,
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

/** Under other names, because the programs that enter heed some of them, ld.so(8). */
function environment(plan: Plan): readonly string[] {
  const { env, envPass } = plan.profile;
  const file = shellWord(join(plan.folder, GIVEN));
  const exported = ([name, value]: readonly [string, string]): string => `export given_${name}=${shellWord(value)}`;
  const passed = new Set(envPass);
  return [
    '# The environment of the command, made from nothing. It stands under other names until then, ld.so(8).',
    ...Object.entries(usualEnvironment(plan))
      .filter(([name]) => !passed.has(name))
      .map(exported),
    'export given_TERM="${TERM-dumb}"; [ -z "${COLORTERM-}" ] || export given_COLORTERM="$COLORTERM"',
    ...(envPass.length > 0 ? [`[ ! -r ${file} ] || . ${file}`] : []),
    ...Object.entries(env).map(exported),
    '',
  ];
}

/**
 * Field 22 of proc_pid_stat(5), counted after the name in brackets, which may hold anything. The keeper is the process
 * in the user namespace of what the sandbox shares with others. The program looks once more, at what it holds by a descriptor.
 */
function stillThere({ folder, sharing }: Plan): readonly string[] {
  const keeps = sharing.parent !== undefined;
  const file = shellWord(`${folder}/pid`);
  return [
    `keeper=0 kept=0; [ -r ${file} ] || { echo 'The sandbox has ended.' >&2; exit 1; }`,
    `{ read -r pid started; ${keeps ? 'read -r keeper kept; ' : ''}} <${file}`,
    '',
  ];
}

const LOST = 'The process that keeps the shared namespaces has ended: nobody can enter any more. Stop the sandbox.';

function intoCgroup({ placing }: JoinFacts): readonly string[] {
  if (placing.length === 0) return [];
  return ['# Into its cgroups, cgroups(7): every process of the sandbox is under its limits.', ...placing, ''];
}

function enter(plan: Plan, facts: JoinFacts): readonly string[] {
  const told = shellWord(`\n${factLines(joinerFacts(plan, facts))}`);
  return [
    '# One program, perl(1), the same for every sandbox. What holds this terminal stays outside.',
    `program=${shellWord(JOIN_PROGRAM)}`,
    '# The numbers of the system calls of this machine.',
    `numbers=${shellWord(NUMBERS)}`,
    '# What it is told, in the environment.',
    `facts=${told}; export program numbers facts`,
    `exec ${PERL} "$pid" "$started" "$keeper" "$kept" "$@"`,
  ];
}

function joinerFacts(plan: Plan, { given, memoryKillCounters }: JoinFacts): readonly Fact[] {
  const { profile, ids, identity, sharing } = plan;
  const limit = given.held['memory.max'];
  const [counter] = memoryKillCounters;
  return [
    ['name', plan.id],
    ['own', ...newTypes(profile, ['uts', 'ipc', 'net', 'pid', 'cgroup', 'time'])],
    ...(sharing.early.length > 0 ? [['early', ...sharing.early.map(({ type }) => type)] as Fact] : []),
    ...(sharing.parent === undefined
      ? []
      : [['parent', ...sharing.parent.shared.map(({ type }) => type)] as Fact, ['lost', LOST] as const]),
    ...(ids.kind === 'shifted'
      ? [
          ['shift', SHIFTED_BASE] as const,
          [
            'terminal',
            outsideOf(identity.uid, ids.uids) ?? SHIFTED_BASE,
            outsideOf(identity.gid, ids.gids) ?? SHIFTED_BASE,
          ] as const,
        ]
      : []),
    ...(limit === undefined || counter === undefined
      ? []
      : [['memory', limit] as const, ['kills', counter.file, counter.key] as const]),
    ...confinementFacts(plan),
    ...commandFacts(plan),
  ];
}
