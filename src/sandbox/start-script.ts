import { dirname } from 'node:path';
import { SYSTEM_PATH } from '../host/programs.ts';
import { bareRootCommands } from './bare-root.ts';
import { isNew } from './choices.ts';
import { confinement } from './capabilities.ts';
import { closeHandedOn } from './descriptors.ts';
import { dropToShifted } from './ids.ts';
import { networkInside, startWayOut, tellWayOut, unlinkResolver, waitForNetwork, wayOutPart } from './network-lines.ts';
import { isReadOnly, type MountEntry, type MountPlan } from './mounts.ts';
import { foldersOf, type Overlay, type Plan } from './plan.ts';
import { fstabField, shellWord, shellWords } from './quote.ts';

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
    ...nameAndLoopback(plan),
    ...(plan.overlay === undefined ? [] : overlayRoot(plan.overlay, plan)),
    ...tables(plan),
    ...readBack(plan),
    ...pivot(plan),
    ...pid1(plan),
    '',
  ].join('\n');
}

function prologue({ id, profile, folder }: Plan): readonly string[] {
  return [
    '#!/bin/sh',
    `# Sandbox ${id}, from the profile "${printable(profile.name)}".`,
    'set -eu; umask 022; cd /',
    `export LC_ALL=C PATH=${SYSTEM_PATH.join(':')}`,
    `folder=${shellWord(folder)}; root=$folder/root`,
    '',
    '# A gate says where the script is and waits for the launcher; end of file ends it. By hand, on a terminal, gates are open.',
    'gate() { [ -t 0 ] || { echo "$1"; read -r _; }; }',
    '',
  ];
}

/** The cgroup namespace comes last, because its root is the cgroup its maker is in at that moment (cgroup_namespaces(7)). */
function namespaces(plan: Plan): readonly string[] {
  const { ids, profile } = plan;
  const ownIds = ids.kind === 'single' ? ['--map-root-user'] : ['--keep-caps'];
  const unshare = [
    ...dropToShifted(ids),
    'unshare',
    '--user',
    ...ownIds,
    ...['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--uts', '--ipc'],
    ...(isNew(profile, 'net') ? ['--net'] : []),
    ...['--time', '--boottime', String(profile.time.boottime), '--monotonic', String(profile.time.monotonic)],
    '--',
    'sh',
  ];
  return [
    'case ${1-} in',
    "'')",
    ...byHand(plan).map((line) => `  ${line}`),
    ...closeHandedOn().map((line) => `  ${line}`),
    ...startWayOut(plan).map((line) => `  ${line}`),
    '  # New namespaces, all owned by the new user namespace: namespaces(7), user_namespaces(7), time_namespaces(7).',
    `  exec ${shellWords(unshare)} "$0" inside`,
    '  ;;',
    ...wayOutPart(plan),
    '# Now the outside writes id maps and moves this process into its cgroup; then comes cgroup_namespaces(7).',
    `inside) read -r pid _ </proc/self/stat; gate "unshared $pid";${tellWayOut(plan)} exec unshare --cgroup -- sh "$0" rooted ;;`,
    'esac',
    '',
  ];
}

/** What the launcher makes while the script is on its way to the first gate. */
function byHand(plan: Plan): readonly string[] {
  const { folder, bare } = plan;
  const folders = foldersOf(plan).map((path) => path.replace(`${folder}/`, ''));
  return [
    '# By hand, the folders that the launcher makes otherwise.',
    '[ ! -t 0 ] || (',
    `  mkdir -p "$folder"; cd "$folder"; mkdir -p ${shellWords(folders)}`,
    ...(bare === undefined ? [] : ['cd bare', ...bareRootCommands(bare)].map((line) => `  ${line}`)),
    ')',
  ];
}

function nameAndLoopback(plan: Plan): readonly string[] {
  const { profile } = plan;
  const loopback = isNew(profile, 'net');
  return [
    '# Its own hostname, uts_namespaces(7)' +
      (loopback ? ', and a loopback device that is up, network_namespaces(7).' : '.'),
    `hostname ${shellWord(profile.hostname)} & naming=$!`,
    ...networkInside(plan),
    '',
  ];
}

/** Commas and colons separate overlay options, so the lower folder is bound to a plain name first. */
function overlayRoot({ lower, layers }: Overlay, plan: Plan): readonly string[] {
  const targets = allTargets(plan);
  return [
    "# A private upper layer over the root file system: overlayfs (the kernel's overlayfs.rst).",
    `mount --bind ${shellWord(lower)} "$folder/lower"`,
    `layers=${shellWord(layers)}`,
    'mount -t overlay -o "lowerdir=$folder/lower,upperdir=$layers/upper,workdir=$layers/work,userxattr,nosuid,nodev" overlay "$root"',
    ...unlinkResolver(plan),
    '# A link in it must not lead a mount out of it.',
    `for part in ${shellWords(components(targets))}; do`,
    '  [ ! -L "$root$part" ] || { echo "refused: $part" >&2; exit 1; }',
    'done',
    '',
  ];
}

function tables({ mounts }: Plan): readonly string[] {
  const between = betweenTables(mounts);
  const parts =
    between.length === 0
      ? [...table([...mounts.first, ...mounts.second, ...mounts.last])]
      : [...table(mounts.first), ...between, ...table([...mounts.second, ...mounts.last])];
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

function table(entries: readonly MountEntry[]): readonly string[] {
  return [
    `printf '%s\\n' "`,
    ...entries.map(fstabLine),
    '" >"$folder/scratch/fstab"',
    'mount --all --fstab "$folder/scratch/fstab"',
  ];
}

function fstabLine({ source, inside, target, type, options }: MountEntry): string {
  const from = (inside === true ? '$root' : '') + fstabField(source);
  const to = `$root${target === '/' ? '' : fstabField(target)}`;
  return `${from} ${to} ${type} ${options.join(',')} 0 0`;
}

/** cp(1) copies links as links, and all of them at once to where they stand. */
function linkCommands(links: readonly string[]): readonly string[] {
  return links.length === 0 ? [] : [`cp -P --parents ${shellWords(links)} "$root/"`];
}

/** Some versions of mount(8) accept an option and ignore it: only what the kernel says counts. */
function readBack({ mounts, overlay }: Plan): readonly string[] {
  const entries = [...mounts.first, ...mounts.second, ...mounts.last];
  const closed = new Set(entries.filter(isReadOnly).map(({ target }) => target));
  const targets = new Set([...(overlay === undefined ? [] : ['/']), ...entries.map(({ target }) => target)]);
  const open = [...targets].filter((target) => !closed.has(target));
  const pattern = (target: string): string => (target === '/' ? "''" : shellWord(fstabField(target)));
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
    "for line in $mounts; do IFS=' '; read_back $line; done",
    'unset IFS; set +f',
    '',
  ];
}

function pivot(plan: Plan): readonly string[] {
  const { tool, profile } = plan;
  return [
    'wait "$naming"',
    ...waitForNetwork(plan),
    ...(profile.lifetime === 'untilStopped' ? ['mkfifo "$folder/scratch/alive"; exec 3<>"$folder/scratch/alive"'] : []),
    '# The new root, pivot_root(2), and the old one detached: nothing of the host is left to walk back to.',
    'cd "$root"; pivot_root . .',
    `${tool('umount')} -l .; cd /`,
    '',
  ];
}

/**
 * PID 1 is a shell that waits and reaps orphans. The end of an orphan interrupts its `read` as an end of file does:
 * only where no child has ended is it the launcher that has gone.
 */
function pid1({ id, profile, tool }: Plan): readonly string[] {
  const stays = profile.lifetime === 'untilStopped';
  const program = [
    'trap child=y CHLD',
    '[ -t 0 ] || { echo ready; read -r _; }',
    'exec >/dev/null 2>&1',
    ...(stays ? ['exec <&3 3<&-'] : []),
    'while child=; do read -r _ || [ "$child" ] || exit; wait; done',
  ];
  return [
    '# PID 1, pid_namespaces(7), confined: capabilities(7), no_new_privs. At the second gate the sandbox is whole;',
    stays
      ? '# then it waits until it is killed, and takes every process with it.'
      : '# then it waits, ends with its launcher, and takes every process with it.',
    `exec ${tool('setpriv')} ${shellWords(confinement(profile.capabilities))} -- \\`,
    `  ${tool('sh')} -c ${shellWord(program.join('; '))} ${shellWord(mark(id))}`,
  ];
}

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
