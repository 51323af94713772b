import type { MountEntry, MountPlan } from '../mounts.ts';
import type { Plan } from '../plan.ts';
import { fstabField, layerWord, shellWord } from './quote.ts';

/** Where git reads inside what it is to ignore. */
export const IGNORED = '/run/.git-placeholders';

/** Everything that is mounted before the new root is entered, as words of sh(1). */
export function insideTable({ held, mounts: all, ignored }: Plan): readonly string[] {
  const mounts = held?.inner ?? all;
  const made = [...madeLinks(mounts), ...(ignored.length > 0 ? [textLine(IGNORED, `${ignored.join('\n')}\n`)] : [])];
  return tableWords([...mounts.first.map(tableLine), ...made, ...[...mounts.second, ...mounts.last].map(tableLine)]);
}

/** What is mounted before that in the outer namespaces. */
export function outerTable({ held }: Plan): readonly string[] {
  return tableWords((held?.outer ?? []).map(tableLine));
}

/** One line of the table: the fields of fstab(5), and options of our own, which begin with `x-`. */
export function tableLine({ source, inside, aside, shown, seen, target, type, options }: MountEntry): string {
  const own = [
    ...(inside === true ? ['x-inside'] : []),
    ...(aside === true ? ['x-aside'] : []),
    ...(shown === undefined ? [] : [`x-shown=${layerWord(shown)}`]),
    ...(seen === undefined ? [] : [`x-seen=${seen}`]),
  ];
  return `${fstabField(source)} ${fstabField(target)} ${type} ${[...options, ...own].join(',')} 0 0\n`;
}

function madeLinks({ links }: MountPlan): readonly string[] {
  return links.map(({ path, to }) => `${fstabField(to)} ${fstabField(path)} none x-link 0 0\n`);
}

function textLine(path: string, text: string): string {
  return `${fstabField(text)} ${fstabField(path)} none x-text 0 0\n`;
}

/** Bytes; the kernel takes no argument of more than 128 KiB (execve(2)). */
const LONGEST_WORD = 100_000;

/** One word, or several where that would be too long. */
function tableWords(lines: readonly string[]): readonly string[] {
  const words: string[] = [];
  for (const line of lines) {
    const last = words.at(-1);
    if (last === undefined || last.length + line.length > LONGEST_WORD) words.push(`\n${line}`);
    else words[words.length - 1] = last + line;
  }
  return words.map(shellWord);
}
