import type { MountEntry, MountPlan } from '../mounts.ts';
import { overlayBinds } from '../overlays.ts';
import type { Plan } from '../plan.ts';
import { fstabField, shellWords } from './quote.ts';

/** Everything that is mounted before the new root is entered. */
export function tables({ held, mounts: all, foreign, overlays, layers }: Plan): readonly string[] {
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

/** Mounts these by one call of mount(8). `before` are lines of fstab(5) that come first, in words of sh. */
export function table(entries: readonly MountEntry[], before?: string): readonly string[] {
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

const relative = (path: string): string => `.${path}`;
