import { dirname } from 'node:path';
import { askedKeys } from '../../model/limits/table.ts';
import type { Placeholder } from '../../state/records.ts';
import { bareRootCommands } from '../bare-root.ts';
import { idMapCommands } from '../ids.ts';
import { foldersOf, type Plan } from '../plan.ts';
import { shellWord, shellWords } from './quote.ts';

/**
 * What the launcher does, as sh(1): a start script that is run on a terminal, or with the word `by-hand`, makes its folders,
 * starts itself with pipes, answers at its gates, and removes what it has made, also when it is interrupted.
 */
export function byHand(plan: Plan): readonly string[] {
  return [
    '# By hand, in a plain shell: sh start.sh. This is what the launcher does otherwise.',
    'started_at() { shift 19; echo "$1"; }',
    'clean_up() {',
    ...indented(removal(plan)),
    '}',
    'by_hand() {',
    ...indented([
      ...labNote(plan),
      ...sharingNote(plan),
      ...limitsNote(plan),
      ...makeFolders(plan),
      ...gates(plan),
      'exit',
    ]),
    '}',
  ];
}

/** Who is in a lab, and with which addresses, its launchers agree upon. */
function labNote({ lab }: Plan): readonly string[] {
  return lab === undefined ? [] : ['echo "By hand nobody connects a sandbox to its lab." >&2; exit 1'];
}

/** Only a process of the user namespace that is shared may write these maps. */
function sharingNote({ sharing, ids }: Plan): readonly string[] {
  if (sharing.parent === undefined || ids.kind === 'single') return [];
  return ['echo "By hand nobody writes the id maps of a sandbox that shares namespaces." >&2; exit 1'];
}

/** Whoever keeps limits is asked by the launcher alone. */
function limitsNote({ profile: { limits } }: Plan): readonly string[] {
  const keys = askedKeys(limits);
  if (keys.length === 0) return [];
  const text = `By hand nobody keeps ${keys.join(', ')}.`;
  return [`echo ${shellWord(text)} >&2${limits.mode === 'strict' ? '; exit 1' : ''}`];
}

function makeFolders(plan: Plan): readonly string[] {
  const { folder, bare, ids, placeholders, overlays, layers } = plan;
  const owned = overlays.length > 0 ? `. ${shellWord(layers)}` : '.';
  const folders = foldersOf(plan).map((path) => path.replace(`${folder}/`, ''));
  return [
    'case $0 in /*) script=$0 ;; *) script=$here/$0 ;; esac',
    // in a place where others may write it could be theirs, or a link
    `around=${shellWord(dirname(folder))}; mkdir -p "$around"`,
    '[ -O "$around" ] && [ ! -L "$around" ] || { echo "$around is not yours." >&2; exit 1; }',
    'mkdir -m 711 "$folder"; trap clean_up EXIT; trap "exit 1" HUP INT TERM',
    `cd "$folder"; mkdir -p ${shellWords(folders)}`,
    ...(bare === undefined ? [] : bareRootCommands(bare)),
    ...(ids.kind === 'shifted' ? [`chown -R ${ids.uids[0]?.outside ?? 0}:${ids.gids[0]?.outside ?? 0} ${owned}`] : []),
    ...placeholders.flatMap(makePlaceholder),
    // root's is read by others: its sandboxes run as others
    'cp "$script" start.sh; chmod 644 start.sh; mkfifo said go; cd /',
  ];
}

/** A script that ends early leaves the pipes at their end, and its own words on the terminal. */
function gates({ ids, sharing, held }: Plan): readonly string[] {
  const mapped = idMapCommands(ids);
  const handOn =
    held === undefined ? [] : ['give_ids() {', ...indented([...mapped, 'echo go >&4; read -r _ pid <&5']), '}'];
  return [
    ...handOn,
    'sh "$folder/start.sh" <"$folder/go" >"$folder/said" 3<&- & script=$!',
    'exec 4>"$folder/go" 5<"$folder/said"',
    `if read -r _ pid <&5${held === undefined ? '' : ' && give_ids'}; then`,
    ...(held === undefined ? indented(mapped) : []),
    '  read -r stat <"/proc/$pid/stat"; since=$(started_at ${stat##*) }); echo go >&4',
    '  # Nobody enters before it is whole: until then the mounts are those of this machine.',
    `  ! read -r _ <&5 || { echo "$pid $since" >"$folder/pid"; ${sharing.parent === undefined ? '' : `${KEEPER}; `}echo go >&4; echo "It runs. Enter it with join.sh; an empty line here ends it." >&2; read -r _ || :; }`,
    'fi',
  ];
}

/** The script stays beside the sandbox. */
const KEEPER = 'read -r stat <"/proc/$script/stat"; echo "$script $(started_at ${stat##*) })" >>"$folder/pid"';

/** What has come to stand there since the script was written is somebody's, and will do if it is of the same kind. */
function makePlaceholder({ path, kind, content = '' }: Placeholder, index: number): readonly string[] {
  const word = shellWord(path);
  const make = kind === 'folder' ? `mkdir ${word}` : `(set -C; printf %s ${shellWord(content)} >${word})`;
  const reason = shellWord(`${path} must be a ${kind}, or missing.`);
  return [
    `if ${make} 2>/dev/null; then made_${index}=yes; fi`,
    `[ -${kind === 'folder' ? 'd' : 'f'} ${word} ] && [ ! -L ${word} ] || { echo ${reason} >&2; exit 1; }`,
  ];
}

function removal({ overlays, layers, placeholders, profile }: Plan): readonly string[] {
  return [
    // a second signal would end it half-way
    "trap '' HUP INT TERM; exec 4>&-",
    ...(profile.lifetime === 'untilStopped' ? [END_IT] : []),
    'wait || :',
    ...placeholders.map(
      (placeholder, index) => `[ -z "\${made_${index}-}" ] || ${removePlaceholder(placeholder)} 2>/dev/null || :`,
    ),
    `rm -rf "$folder"${overlays.length > 0 ? ` ${shellWord(layers)}` : ''}`,
  ];
}

/** One that stays does not end with its input. */
const END_IT =
  '{ read -r pid since && read -r stat <"/proc/$pid/stat" && [ "$(started_at ${stat##*) })" = "$since" ] && kill -KILL "$pid"; } <"$folder/pid" 2>/dev/null || :';

/** Unless it has been filled. */
function removePlaceholder({ path, kind, content = '' }: Placeholder): string {
  const word = shellWord(path);
  return kind === 'folder'
    ? `rmdir ${word}`
    : `{ [ "$(cat ${word})" = ${shellWord(content.trimEnd())} ] && rm -f ${word}; }`;
}

const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);
