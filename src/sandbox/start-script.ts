import { dirname } from 'node:path';
import { SYSTEM_PATH } from '../host/programs.ts';
import type { Profile } from '../model/profile.ts';
import { byHand } from './by-hand.ts';
import { isNew, newTypes } from './choices.ts';
import { confinedInit } from './confinement.ts';
import { closeHandedOn } from './descriptors.ts';
import { enterEarly, enterMade, enterParent, stillThere } from './enter-shared.ts';
import { mapOptions } from './id-options.ts';
import { becomeRoot } from './identity.ts';
import { dropToShifted } from './ids.ts';
import { enterHub, labPart, startJoining, tellLab } from './lab/lab-lines.ts';
import { networkInside, startWayOut, tellWayOut, unlinkResolver, waitForNetwork, wayOutPart } from './network-lines.ts';
import { isReadOnly, type MountEntry, type MountPlan } from './mounts.ts';
import { refuseNested } from './nested.ts';
import { outerPart, sayUnshared } from './outer-lines.ts';
import { overlayBinds, overlayMount } from './overlays.ts';
import type { Plan } from './plan.ts';
import { fstabField, mountinfoField, shellWord, shellWords } from './quote.ts';
import { rlimitOptions } from './rlimits.ts';

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

/** Its overlay comes before the other mounts: only then can its links be seen. */
function foreignRoot(plan: Plan): readonly string[] {
  const { overlays, layers, folder, profile } = plan;
  const root = overlays.slice(0, 1).map((overlay) => overlayMount(overlay, 0, folder));
  return [
    "# A private upper layer over the root file system: overlayfs (the kernel's overlayfs.rst).",
    ...(becomeRoot(plan.ids).length > 0 ? [`chown 0:0 ${shellWord(`${layers}/0/upper`)}`] : []),
    ...table([...overlayBinds(overlays, layers), ...root]),
    ...unlinkResolver(plan),
    '# A link in it must not lead a mount out of it.',
    `for part in ${shellWords(components([...allTargets(plan), PRELOAD]))}; do`,
    '  [ ! -L "$root$part" ] || { echo "refused: $part" >&2; exit 1; }',
    'done',
    "# Nor may it name a library that ld.so(8) loads into the host's tools while they still have every capability. Where that",
    '# file can be made it is hidden, and its folder is a mount, so that neither can be moved away; otherwise nobody inside can.',
    `pinned='' preload=$root${PRELOAD}`,
    `if mkdir -p "\${preload%/*}"; then`,
    `  pinned="\${preload%/*} \${preload%/*} none bind,${profile.readOnly ? 'ro' : 'rw'},nosuid,nodev 0 0"`,
    `  if [ -e "$preload" ] || true >>"$preload"; then pinned="$pinned`,
    `/dev/null $preload none bind,ro,nosuid,noexec 0 0"; fi`,
    'fi',
    '',
  ];
}

/** What this file names is loaded into every program that is started, ld.so(8). */
const PRELOAD = '/etc/ld.so.preload';

function tables({ held, mounts: all, foreign, overlays, layers }: Plan): readonly string[] {
  const mounts = held?.inner ?? all;
  const between = betweenTables(mounts);
  const first = [...(foreign ? [] : overlayBinds(overlays, layers)), ...mounts.first];
  const parts =
    between.length === 0
      ? [...table([...first, ...mounts.second, ...mounts.last])]
      : [...table(first), ...between, ...table([...mounts.second, ...mounts.last], foreign ? '$pinned' : undefined)];
  return ['# Its own view of the file system, mount_namespaces(7), as a table that mount(8) takes.', ...parts, ''];
}

/** What can only be made once the first mounts are there, and must be before the last. */
function betweenTables({ links, folders, files }: MountPlan): readonly string[] {
  return [
    ...linkCommands(links),
    ...(folders.length > 0 ? [`cd "$root"; mkdir -p ${shellWords(folders.map(relative))}; cd /`] : []),
    ...(files.length > 0 ? [`for file in ${shellWords(files)}; do : >>"$root$file"; done`] : []),
  ];
}

function table(entries: readonly MountEntry[], before?: string): readonly string[] {
  return [
    `printf '%s\\n' "`,
    ...(before === undefined ? [] : [before]),
    ...entries.map(fstabLine),
    '" >"$folder/scratch/fstab"',
    'mount --all --fstab "$folder/scratch/fstab"',
  ];
}

function fstabLine({ source, inside, aside, target, type, options }: MountEntry): string {
  const from = (inside === true ? '$root' : '') + fstabField(source);
  const to = aside === true ? `$folder/${fstabField(target)}` : `$root${target === '/' ? '' : fstabField(target)}`;
  return `${from} ${to} ${type} ${options.join(',')} 0 0`;
}

/** cp(1) copies links as links, and all of them at once to where they stand. */
function linkCommands(links: readonly string[]): readonly string[] {
  return links.length === 0 ? [] : [`cp -P --parents ${shellWords(links)} "$root/"`];
}

/** Some versions of mount(8) accept an option and ignore it: only what the kernel says counts. */
function readBack({ mounts, foreign }: Plan): readonly string[] {
  const entries = [...mounts.first, ...mounts.second, ...mounts.last];
  const masked = new Set(entries.filter(isReadOnly).map(({ target }) => target));
  const closed = new Set([...masked].filter((target) => isClosed(entries.filter((entry) => entry.target === target))));
  const targets = new Set([...(foreign ? ['/', dirname(PRELOAD)] : []), ...entries.map(({ target }) => target)]);
  const open = [...targets].filter((target) => !closed.has(target));
  const pattern = (target: string): string => (target === '/' ? "''" : shellWord(mountinfoField(target)));
  const trees = entries.filter(({ target, options }) => options.includes('rbind') && !closed.has(target));
  return [
    '# What the kernel really mounted, proc_pid_mountinfo(5): all of it nosuid, and read-only but for these.',
    'read_back() {',
    '  target=$5 options=,$6,',
    '  case $target in "$root" | "$root"/*) ;; *) return ;; esac',
    '  case $options in *,nosuid,*) ;; *) echo "refused: $target is not nosuid" >&2; exit 1 ;; esac',
    '  case $options in *,ro,*) return ;; esac',
    '  case ${target#"$root"} in',
    ...(closed.size > 0 ? [`  ${[...closed].map(pattern).join(' | ')}) ;;`] : []),
    ...(open.length > 0 ? [`  ${open.map(pattern).join(' | ')}) return ;;`] : []),
    ...trees.map(({ target }) => `  ${pattern(target)}/*) return ;;`),
    '  esac',
    '  echo "refused: $target is not read-only" >&2; exit 1',
    '}',
    // The shell's own `read` takes one byte at a time from a file that cannot be wound back.
    'mounts=$(cat /proc/self/mountinfo)',
    "IFS='",
    "'; set -f",
    "{ for line in $mounts; do IFS=' '; read_back $line; done",
    ...mustBeThere([...masked]),
    '} & checking=$!',
    'unset IFS; set +f',
    '',
  ];
}

/** Whether each mount on one target has to be read-only: one that lies under a mask need not be. */
function isClosed(entries: readonly MountEntry[]): boolean {
  return entries.every(isReadOnly) || entries.some(({ options }) => options.includes('remount'));
}

function mustBeThere(targets: readonly string[]): readonly string[] {
  if (targets.length === 0) return [];
  const words = targets.map((target) => (target === '/' ? "''" : shellWord(mountinfoField(target))));
  return [
    `for target in ${words.join(' ')}; do`,
    '  case $mounts in *" $root$target ro,"*) ;; *) echo "refused: $target is not mounted read-only" >&2; exit 1 ;; esac',
    'done',
  ];
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

function allTargets({ mounts }: Plan): readonly string[] {
  const entries = [...mounts.first, ...mounts.second, ...mounts.last].map(({ target }) => target);
  return [...entries, ...mounts.files, ...mounts.links.map((path) => dirname(path))];
}

/** Every folder on the way to each path, and the path itself, each once. */
function components(paths: readonly string[]): readonly string[] {
  const all = new Set<string>();
  for (const path of paths) {
    for (let part = path; part !== '/' && part !== '.'; part = dirname(part)) all.add(part);
  }
  return [...all].sort();
}

const relative = (path: string): string => `.${path}`;
const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?');
