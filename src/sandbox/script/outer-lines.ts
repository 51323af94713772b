import { idMapCommands, type IdPlan, type IdRange } from '../ids.ts';
import type { Plan } from '../plan.ts';
import { shellWords } from './quote.ts';

/**
 * The part of the start script between this machine and a sandbox with held mounts, in an outer user namespace: it mounts
 * them, and gives the ids that it was given to the inner user namespace, which `unshare` makes. `table` is that of the mounts.
 */
export function outerPart(
  { held, ids }: Plan,
  table: readonly string[],
  unshare: readonly string[],
): readonly string[] {
  if (held === undefined) return [];
  return [
    '# What is shown of this machine is mounted here, where root inside has no rights: what is copied from here into the mount',
    '# namespace of another user namespace stays together and keeps its flags, mount_namespaces(7).',
    'outer)',
    '  read -r pid _ </proc/self/stat; gate "outer $pid"',
    ...(held.files.length > 0 ? [`  for file in ${shellWords(held.files)}; do : >"$folder/$file"; done`] : []),
    ...table.map((line, index) => (index % (table.length - 1) === 0 ? `  ${line}` : line)),
    ...handIdsOn(ids),
    `  exec ${shellWords(unshare)} "$0" inside ;;`,
  ];
}

/** A single id is mapped by unshare(1) itself. */
function handIdsOn({ kind, uids, gids }: IdPlan): readonly string[] {
  if (kind === 'single') return [];
  const maps = idMapCommands({ kind: 'shifted', uids: oneToOne(uids), gids: oneToOne(gids) });
  return [
    '  # The inner user namespace has the same ids. Only a process of this one may write its maps, user_namespaces(7); then it says so.',
    '  mkfifo -m 600 "$folder/scratch/ids"; exec 6<>"$folder/scratch/ids"',
    '  {',
    '    exec 6>&-; read -r pid || exit',
    `    ${maps.join(' && ')} && echo "unshared $pid" || echo refused`,
    '  } <"$folder/scratch/ids" &',
  ];
}

const oneToOne = (ranges: readonly IdRange[]): readonly IdRange[] =>
  ranges.map((range) => ({ ...range, outside: range.inside }));

/** The first gate inside; with ids that are handed on, who has written them says its word. */
export function sayUnshared({ held, ids }: Plan): string {
  if (held === undefined || ids.kind === 'single') return 'gate "unshared $pid";';
  return 'echo "$pid" >&6; exec 6>&-; read -r _;';
}
