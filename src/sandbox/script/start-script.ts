import { SYSTEM_PATH } from '../../host/programs.ts';
import type { Profile } from '../../model/profile.ts';
import { byHand } from './by-hand.ts';
import { isNew, newTypes } from '../choices.ts';
import { confinedInit } from '../confinement.ts';
import { closeHandedOn } from './descriptors.ts';
import { enterEarly, enterMade, enterParent, stillThere } from './enter-shared.ts';
import { foreignRoot } from './foreign-root-lines.ts';
import { mapOptions } from '../id-options.ts';
import { becomeRoot } from '../identity.ts';
import { dropToShifted } from '../ids.ts';
import { enterHub, labPart, startJoining, tellLab } from '../lab/lab-lines.ts';
import { table, tables } from './mount-lines.ts';
import { networkInside, startWayOut, tellWayOut, waitForNetwork, wayOutPart } from './network-lines.ts';
import { refuseNested } from './nested.ts';
import { outerPart, sayUnshared } from './outer-lines.ts';
import type { Plan } from '../plan.ts';
import { shellWord, shellWords } from './quote.ts';
import { readBack } from './read-back-lines.ts';
import { rlimitOptions } from '../rlimits.ts';

/** What PID 1 carries as its last argument, so that a sandbox whose state was lost is found again. */
export function mark(id: string): string {
  return `namespace-sandboxes:${id}`;
}

/**
 * The script that makes a sandbox: what this prints is what runs, and what is shown.
 * It reads a line at each gate; end of file there ends it, so that a dead launcher leaves nothing.
 */
export function startScript(plan: Plan): string {
  return [
    ...prologue(plan),
    ...namespaces(plan),
    ...refuseNested(plan),
    ...nameAndLoopback(plan),
    ...(plan.foreign ? foreignRoot(plan) : []),
    ...tables(plan),
    ...readBack(plan),
    ...pivot(plan),
    ...pid1(plan),
    '',
  ].join('\n');
}

function prologue(plan: Plan): readonly string[] {
  const { id, profile, folder } = plan;
  return [
    '#!/bin/sh',
    `# Sandbox ${id}, from the profile "${printable(profile.name)}".`,
    'set -eu; umask 022; here=$PWD; cd /',
    `export LC_ALL=C PATH=${SYSTEM_PATH.join(':')}`,
    `folder=${shellWord(folder)}; root=$folder/root`,
    '',
    '# A gate says where the script is and waits for the launcher; end of file ends it.',
    'gate() { echo "$1"; read -r _; }',
    '',
    ...byHand(plan),
    '',
  ];
}

function namespaces(plan: Plan): readonly string[] {
  const { ids, profile, userNamespace } = plan;
  const unshare = [
    'unshare',
    ...(userNamespace === undefined ? ['--user', ...mapOptions(ids)] : []),
    ...['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'],
    ...newTypes(profile, ['uts', 'ipc', 'net', 'time']).map((type) => `--${type}`),
    ...plan.clocks,
    '--',
    'sh',
  ];
  const { parent } = plan.sharing;
  const outer = ['unshare', '--user', ...mapOptions(ids), '--mount', '--propagation', 'private', '--', 'sh'];
  const single = userNamespace === undefined ? unshare : [...enterMade(userNamespace, ids), ...unshare];
  const [made, part] = plan.held === undefined ? [single, 'inside'] : [outer, 'outer'];
  const [first, next] = parent === undefined ? [made, part] : [[...enterParent(parent), 'sh'], 'beside'];
  const root = becomeRoot(ids);
  const rooted = root.length === 0 ? '' : ` exec ${shellWords([...root, 'sh'])} "$0" rooted`;
  return [
    'case ${1-} in',
    "'' | by-hand)",
    '  if [ -n "${1-}" ] || [ -t 0 ]; then by_hand; fi',
    ...closeHandedOn().map((line) => `  ${line}`),
    ...(parent === undefined ? [] : stillThere(parent).map((line) => `  ${line}`)),
    ...(userNamespace === undefined ? [] : stillThere(userNamespace, HOLDER_ENDED).map((line) => `  ${line}`)),
    ...startWayOut(plan).map((line) => `  ${line}`),
    ...startJoining(plan).map((line) => `  ${line}`),
    plan.held === undefined
      ? '  # New namespaces, all owned by the new user namespace: namespaces(7), user_namespaces(7), time_namespaces(7).'
      : '  # An outer user and mount namespace first: all that the sandbox has will be owned by an inner one, user_namespaces(7).',
    `  exec ${[...[...enterEarly(plan.sharing), ...dropToShifted(ids)].map(shellWord), ...enterHub(plan), ...first.map(shellWord)].join(' ')} "$0" ${next}`,
    '  ;;',
    ...(parent === undefined ? [] : beside(made, part)),
    ...outerPart(plan, table(plan.held?.outer ?? []), unshare),
    ...wayOutPart(plan),
    ...labPart(plan),
    '# Now the outside writes id maps and moves this process into its cgroup.',
    `inside) read -r pid _ </proc/self/stat; ${sayUnshared(plan)}${tellWayOut(plan)}${tellLab(plan)}${rooted} ;;`,
    'esac',
    '',
  ];
}

const HOLDER_ENDED = 'The process that held the user namespace of this sandbox has ended.';

/** This process stays in the user namespace of the shared ones, so that whoever joins gets into them through it. */
function beside(unshare: readonly string[], part: string): readonly string[] {
  return [
    '# In the namespaces that are shared, and in the user namespace that owns them: the new one is its child.',
    `beside) ${shellWords(unshare)} "$0" ${part}; exit ;;`,
  ];
}

function nameAndLoopback(plan: Plan): readonly string[] {
  const { hostname, domainname } = plan.profile;
  const name = `hostname ${shellWord(hostname)}`;
  const names = domainname === undefined ? name : `{ ${name}; domainname ${shellWord(domainname)}; }`;
  const own = [
    ...(isNew(plan.profile, 'uts') ? ['# Its own names, uts_namespaces(7).', `${names} & naming=$!`] : []),
    ...(isNew(plan.profile, 'net')
      ? ['# A loopback device that is up, network_namespaces(7).', ...networkInside(plan)]
      : []),
  ];
  return own.length === 0 ? [] : [...own, ''];
}

function pivot(plan: Plan): readonly string[] {
  const { tool, profile } = plan;
  return [
    ...(isNew(profile, 'uts') ? ['wait "$naming"'] : []),
    ...waitForNetwork(plan),
    ...(profile.lifetime === 'untilStopped' ? ['mkfifo "$folder/scratch/alive"; exec 3<>"$folder/scratch/alive"'] : []),
    ...limitProcesses(profile),
    '# The new root, pivot_root(2), and the old one detached: nothing of the host is left to walk back to.',
    'cd "$root"; pivot_root . .',
    // no umount.TYPE and no /etc/mtab of the new root is asked
    `${tool('umount')} -n -i -l .; cd /`,
    'wait "$checking"',
    '',
  ];
}

/** While the host's own programs are still there: what comes after inherits them. */
function limitProcesses({ rlimits }: Profile): readonly string[] {
  const options = rlimitOptions(rlimits);
  return options.length === 0
    ? []
    : ['# The limits of each process, getrlimit(2).', `prlimit --pid $$ ${shellWords(options)}`];
}

/**
 * PID 1 is a shell that waits and reaps orphans. The end of an orphan interrupts its `read` as an end of file does:
 * only where no child has ended is it the launcher that has gone.
 */
function pid1(plan: Plan): readonly string[] {
  const { id, profile, tool } = plan;
  const stays = profile.lifetime === 'untilStopped';
  const own = isNew(profile, 'cgroup') ? `${tool('unshare')} --cgroup -- ` : '';
  const program = [
    'trap child=y CHLD',
    'echo ready; read -r _',
    'exec >/dev/null 2>&1',
    ...(stays ? ['exec <&3 3<&-'] : []),
    'while child=; do read -r _ || [ "$child" ] || exit; wait; done',
  ];
  return [
    ...(isNew(profile, 'cgroup') ? [CGROUP_ROOT] : []),
    '# PID 1, pid_namespaces(7), confined: capabilities(7), no_new_privs, seccomp(2). Whole at the second gate;',
    stays
      ? '# then it waits until it is killed, and takes every process with it.'
      : '# then it waits, ends with its launcher, and takes every process with it.',
    `exec ${own}${confinedInit(plan)} \\`,
    `  ${tool('sh')} -c ${shellWord(program.join('; '))} ${shellWord(mark(id))}`,
  ];
}

const CGROUP_ROOT = '# The root of its cgroup namespace is the cgroup that it is in now, cgroup_namespaces(7).';

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');
