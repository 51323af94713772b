import { dirname } from 'node:path';
import { PRELOAD } from './foreign-root-lines.ts';
import { isReadOnly, type MountEntry } from '../mounts.ts';
import type { Plan } from '../plan.ts';
import { mountinfoField, shellWord } from './quote.ts';

/** Some versions of mount(8) accept an option and ignore it: only what the kernel says counts. */
export function readBack({ mounts, foreign }: Plan): readonly string[] {
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
    ...asMeant(entries).map((line) => `  ${line}`),
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

/** Binds of what stands in a folder that others write to; what is covered by another mount need not be looked at. */
function asMeant(entries: readonly MountEntry[]): readonly string[] {
  const mounts = entries.filter(({ options }) => !options.includes('remount'));
  const meant = mounts.filter(
    ({ target, from }) => from !== undefined && mounts.filter((entry) => entry.target === target).length === 1,
  );
  if (meant.length === 0) return [];
  const words = meant.map(({ target, from = '' }) => [target, from].map(mountinfoField)) as [string, string][];
  return [
    'case "${target#"$root"} $4" in',
    `${words.map((pair) => shellWord(pair.join(' '))).join(' | ')}) ;;`,
    `${words.map(([target]) => `${shellWord(`${target} `)}*`).join(' | ')}) echo "refused: $target has become another" >&2; exit 1 ;;`,
    'esac',
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
