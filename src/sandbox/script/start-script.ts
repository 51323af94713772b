import { SYSTEM_PATH } from '../../host/programs.ts';
import { FORGET_PERL, NUMBERS, PERL, START_PROGRAM } from '../../script/programs.ts';
import { byHand } from './by-hand.ts';
import { newTypes } from '../choices.ts';
import { closeHandedOn } from './descriptors.ts';
import { enterEarly, enterMade, enterParent, stillThere } from './enter-shared.ts';
import { factLines } from './facts.ts';
import { mapOptions } from '../id-options.ts';
import { becomeRoot } from '../identity.ts';
import { dropToShifted } from '../ids.ts';
import { insideFacts, outerFacts } from './inside-facts.ts';
import { enterHub, labPart, startJoining, tellLab } from '../lab/lab-lines.ts';
import { insideTable, outerTable } from './mount-lines.ts';
import {
  hasNetworkToWaitFor,
  networkInside,
  startWayOut,
  tellWayOut,
  waitForNetwork,
  wayOutPart,
} from './network-lines.ts';
import type { Plan } from '../plan.ts';
import { shellWord, shellWords } from './quote.ts';

/**
 * The script that makes a sandbox: what this prints is what runs, and what is shown.
 * It reads a line at each gate; end of file there ends it, so that a dead launcher leaves nothing.
 */
export function startScript(plan: Plan): string {
  return [...prologue(plan), ...parts(plan), ''].join('\n');
}

function prologue(plan: Plan): readonly string[] {
  const { id, profile, folder } = plan;
  return [
    '#!/bin/sh',
    `# Sandbox ${id}, from the profile "${printable(profile.name)}".`,
    'set -eu; umask 022; here=$PWD; cd /',
    `export LC_ALL=C PATH=${SYSTEM_PATH.join(':')}`,
    FORGET_PERL,
    `folder=${shellWord(folder)}`,
    '',
    '# A gate says where the script is and waits for the launcher; end of file ends it.',
    'gate() { echo "$1"; read -r _; }',
    '',
    ...byHand(plan),
    '',
    '# What is mounted, confined and waited for inside: one program, perl(1), the same for every sandbox.',
    `program=${shellWord(START_PROGRAM)}`,
    '# The numbers of the system calls of this machine.',
    `numbers=${shellWord(NUMBERS)}`,
    ...(plan.held === undefined ? [] : told('outer', outerFacts(plan), outerTable(plan))),
    ...told('inside', insideFacts(plan, hasShellInside(plan) ? 'passed' : 'gate'), insideTable(plan)),
    'export program numbers',
    '',
  ];
}

function parts(plan: Plan): readonly string[] {
  const { parent } = plan.sharing;
  return [
    'case ${1-} in',
    "'' | by-hand | run)",
    ...indented(beginning(plan)),
    ...indented(plan.held === undefined ? [NAMESPACES] : [OUTER_NAMESPACES]),
    ...indented(parent === undefined ? launch(plan, namespaces(plan)) : [`exec ${chain(plan, joinParent(plan))}`]),
    '  ;;',
    ...(parent === undefined
      ? []
      : [BESIDE, 'beside)', '  shift', ...indented(launch(plan, namespaces(plan))), '  ;;']),
    ...wayOutPart(plan),
    ...labPart(plan),
    ...(hasShellInside(plan) ? shellInside(plan) : []),
    'esac',
  ];
}

const NAMESPACES =
  '# New namespaces, all owned by the new user namespace: namespaces(7), user_namespaces(7), time_namespaces(7).';
const OUTER_NAMESPACES =
  '# An outer user and mount namespace first: all that the sandbox has will be owned by an inner one, user_namespaces(7).';
const BESIDE =
  '# In the namespaces that are shared, and in the user namespace that owns them: the new one is its child. This process stays.';

/** What comes before the namespaces. The words that are left are those of the first command. */
function beginning(plan: Plan): readonly string[] {
  const { profile, sharing, userNamespace } = plan;
  return [
    'if [ "${1-}" != run ] && { [ -n "${1-}" ] || [ -t 0 ]; }; then by_hand; fi',
    ...closeHandedOn(LAUNCHERS, profile.lifetime === 'untilStopped'),
    'if [ "${1-}" = run ]; then shift; set -- -- "$@"; else set --; fi',
    ...(sharing.parent === undefined ? [] : stillThere(sharing.parent)),
    ...(userNamespace === undefined ? [] : stillThere(userNamespace, HOLDER_ENDED)),
    ...startWayOut(plan),
    ...startJoining(plan),
  ];
}

/** The standard streams, the pipe that ends it, and the streams of the first command. */
const LAUNCHERS = [0, 1, 2, 3, 20, 21, 22];

const HOLDER_ENDED = 'The process that held the user namespace of this sandbox has ended.';

/** Words, quoted already, of what is entered before the namespaces are made. */
function chain({ sharing, ids, lab }: Plan, words: readonly string[]): string {
  const around = [...enterEarly(sharing), ...dropToShifted(ids)].map(shellWord);
  return [...around, ...enterHub({ lab }), ...words].join(' ');
}

function joinParent({ sharing: { parent } }: Plan): readonly string[] {
  return [...(parent === undefined ? [] : enterParent(parent)).map(shellWord), 'sh "$0" beside "$@"'];
}

/** Words, quoted already, that make the namespaces and what is in them. */
function namespaces(plan: Plan): readonly string[] {
  const { held, ids } = plan;
  if (held === undefined) return [...unshare(plan), ...inside(plan)];
  const outer = ['unshare', '--user', ...mapOptions(ids), '--mount', '--propagation', 'private', '--'];
  return [...outer.map(shellWord), `${PERL} outer --`, ...unshare(plan), ...inside(plan)];
}

function unshare({ profile, ids, userNamespace, clocks }: Plan): readonly string[] {
  const words = [
    'unshare',
    ...(userNamespace === undefined ? ['--user', ...mapOptions(ids)] : []),
    ...['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'],
    ...newTypes(profile, ['uts', 'ipc', 'net', 'time']).map((type) => `--${type}`),
    ...clocks,
    '--',
  ];
  const enter = userNamespace === undefined ? [] : enterMade(userNamespace, ids);
  return [...enter, ...words].map(shellWord);
}

/** A network that has to be waited for is waited for by the script, before anything is mounted. */
function inside(plan: Plan): readonly string[] {
  if (hasShellInside(plan)) return ['sh "$0" inside "$@"'];
  return [INSIDE];
}

const INSIDE = `${PERL} inside "$@"`;

/** Lines that say in the environment what a part of the program is told: facts, and the table of mounts. */
function told(part: string, facts: Parameters<typeof factLines>[0], table: readonly string[]): readonly string[] {
  return [
    `export ${part}_facts=${shellWord(`\n${factLines(facts)}`)}`,
    ...table.map((words, index) => `export ${part}_table_${index}=${words}`),
  ];
}

const hasShellInside = (plan: Plan): boolean => hasNetworkToWaitFor(plan);

function shellInside(plan: Plan): readonly string[] {
  const root = becomeRoot(plan.ids);
  const rooted = root.length === 0 ? [] : [`exec ${shellWords([...root, 'sh'])} "$0" rooted "$@" ;;`, 'rooted) shift'];
  return [
    '# Now the outside writes id maps and moves this process into its cgroup.',
    'inside)',
    ...indented([
      'shift; read -r pid _ </proc/self/stat',
      `${sayUnshared(plan)}${tellWayOut(plan)}${tellLab(plan)}`,
      ...rooted,
    ]),
    '# A loopback device that is up, network_namespaces(7).',
    ...networkInside(plan), // with a text of several lines, which ends where its last word begins a line
    ...indented([...waitForNetwork(plan), `exec ${INSIDE} ;;`]),
  ];
}

/** The first gate inside; with ids that are handed on, who has written them says its word. */
function sayUnshared({ held, ids }: Plan): string {
  if (held === undefined || ids.kind === 'single') return 'gate "unshared $pid";';
  return 'echo "$pid" >&6; exec 6>&-; read -r _;';
}

/**
 * A sandbox that ends with its launcher has this process beside it, which ends it: what runs inside may hold its PID 1 up (ptrace(2)).
 * The launcher holds the other end of descriptor 3.
 */
function launch(plan: Plan, words: readonly string[]): readonly string[] {
  const command = plan.sharing.parent === undefined ? chain(plan, words) : words.join(' ');
  if (plan.profile.lifetime === 'untilStopped')
    return plan.sharing.parent === undefined ? [`exec ${command}`] : [`${command}; exit`];
  const handedOn = [...(plan.wayOut ? ['4>&- 5<&-'] : []), ...(plan.lab ? ['7>&- 8>&- 9<&-'] : [])].join(' ');
  return [
    '# A command in the background has no input of its own, sh(1): so the gates are handed on under another number.',
    'exec 6<&0',
    `${command} <&6 6<&- & made=$!`,
    '# It ends with its launcher: this process waits for that outside, where nothing that runs inside can hold it up.',
    `exec </dev/null >&0 6<&- ${handedOn}`.trim(),
    'ended=; trap ended=y CHLD',
    'if [ -e /proc/$$/fd/3 ]; then read -r _ <&3 || [ "$ended" ] || kill -KILL "$made"; fi',
    'wait "$made" || wait "$made" || exit',
    'exit',
  ];
}

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');
