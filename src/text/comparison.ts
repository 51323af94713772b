import { CAPABILITIES, capabilityNames } from '../model/capabilities.ts';
import { NAMESPACE_TYPES } from '../model/namespace.ts';
import { CAPABILITY_SETS, type CapabilitySet, type Privileges } from '../model/privileges.ts';
import type { Process } from '../model/process.ts';
import { count } from './units.ts';

/** A process with what it may do; undefined where that is not known. */
export interface Compared {
  readonly process: Process;
  readonly privileges: Privileges | undefined;
}

interface Line {
  readonly what: string;
  readonly first: string;
  readonly second: string;
  /** Undefined where one of the two is not known. */
  readonly same: boolean | undefined;
}

/** In what two processes differ: tables of Markdown, aligned so that they are read as they stand, in lines that an editor should not wrap. */
export function comparisonText(first: Compared, second: Compared): string {
  const names = [first, second].map(({ process }) => `${cell(process.comm)} ${process.pid}`);
  const sections = [
    { title: 'Namespaces', lines: namespaceLines(first, second), notes: [] },
    { title: 'Cgroups', lines: cgroupLines(first, second), notes: [] },
    { title: 'Capabilities', lines: capabilityLines(first, second), notes: capabilityNotes(first, second, names) },
    { title: 'Confinement', lines: confinementLines(first, second), notes: [] },
  ];
  return [
    `# ${names.join(' and ')}`,
    '',
    ...[first, second].map(introduction),
    '',
    summary(sections.flatMap(({ lines }) => lines)),
    ...sections.flatMap(({ title, lines, notes }) => [
      '',
      `## ${title}`,
      '',
      ...table(['', ...names, ''], lines.map(cells)),
      ...(notes.length > 0 ? ['', ...notes] : []),
    ]),
    '',
  ].join('\n');
}

function introduction({ process: { pid, uid, command, comm } }: Compared): string {
  return `- ${pid}: user id ${uid}, \`${cell(command || comm)}\``;
}

function summary(lines: readonly Line[]): string {
  const differing = lines.filter(({ same }) => same === false).map(({ what }) => what);
  const unknown = lines.filter(({ same }) => same === undefined).length;
  const said = differing.length === 0 ? 'Nothing that is known differs.' : `They differ in: ${differing.join(', ')}.`;
  return unknown === 0 ? said : `${said} ${count(unknown, 'line is', 'lines are')} not known to this user.`;
}

function namespaceLines(first: Compared, second: Compared): readonly Line[] {
  return NAMESPACE_TYPES.map((type) =>
    line(`${type} namespace`, first.process.namespaces[type]?.toString(), second.process.namespaces[type]?.toString()),
  );
}

function cgroupLines(first: Compared, second: Compared): readonly Line[] {
  const keys = new Set([...Object.keys(first.process.cgroups), ...Object.keys(second.process.cgroups)]);
  return [...keys].map((key) => line(`${key || 'v2'} cgroup`, first.process.cgroups[key], second.process.cgroups[key]));
}

function capabilityLines(first: Compared, second: Compared): readonly Line[] {
  return CAPABILITY_SETS.map((set) => {
    const [a, b] = setsOf(set, first, second);
    return { ...line(`${set} capabilities`, setText(a), setText(b)), same: sameOrUnknown(a, b) };
  });
}

function setsOf(
  set: CapabilitySet,
  first: Compared,
  second: Compared,
): readonly [bigint | undefined, bigint | undefined] {
  return [first.privileges?.capabilities[set], second.privileges?.capabilities[set]];
}

const FEW = 4;

/** All, none, or the names where they are few. */
function setText(set: bigint | undefined): string | undefined {
  if (set === undefined) return undefined;
  const names = capabilityNames(set);
  if (names.length === 0) return 'none';
  if (names.length === CAPABILITIES.length) return 'all';
  return names.length <= FEW ? names.join(' ') : `${names.length} of ${CAPABILITIES.length}`;
}

/** Which capabilities only one of the two has, for each set in which they differ. */
function capabilityNotes(first: Compared, second: Compared, names: readonly string[]): readonly string[] {
  return CAPABILITY_SETS.flatMap((set) => {
    const [a = 0n, b = 0n] = setsOf(set, first, second);
    if (first.privileges === undefined || second.privileges === undefined) return [];
    return [a & ~b, b & ~a].flatMap((only, at) =>
      only === 0n ? [] : [`- ${set}, only ${names[at] ?? ''}: ${capabilityNames(only).join(' ')}`],
    );
  });
}

function confinementLines(first: Compared, second: Compared): readonly Line[] {
  const both = (what: string, read: (privileges: Privileges) => string): Line =>
    line(what, first.privileges && read(first.privileges), second.privileges && read(second.privileges));
  return [
    both('seccomp', ({ seccomp, seccompFilters: filters }) =>
      filters === undefined || filters === 0 ? seccomp : `${seccomp} (${filters})`,
    ),
    both('no_new_privs', ({ noNewPrivs }) => (noNewPrivs ? 'yes' : 'no')),
  ];
}

function line(what: string, first: string | undefined, second: string | undefined): Line {
  return { what, first: first ?? 'not known', second: second ?? 'not known', same: sameOrUnknown(first, second) };
}

function sameOrUnknown<Value>(first: Value | undefined, second: Value | undefined): boolean | undefined {
  return first === undefined || second === undefined ? undefined : first === second;
}

function cells({ what, first, second, same }: Line): readonly string[] {
  return [what, first, second, same === undefined ? '?' : same ? 'same' : 'DIFFERS'].map(cell);
}

/** What processes choose themselves must not end a cell or a line. */
function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('`', '´');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((_, at) => Math.max(3, ...[head, ...rows].map((row) => row[at]?.length ?? 0)));
  const print = (row: readonly string[]): string =>
    `| ${row.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [print(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(print)];
}
