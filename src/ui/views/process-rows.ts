import type { Process } from '../../model/process.ts';
import { bytes } from '../../text/units.ts';
import { code, facts } from './markdown.ts';
import { paged, row, type Row } from './row.ts';

/** Rows of processes beneath a parent row, in pages where they are many. */
export function processRows(
  parent: string,
  processes: readonly Process[],
  partsOf: (process: Process) => Partial<Row> = () => ({}),
): readonly Row[] {
  return paged(parent, processes, (page, process) => processRow(page, process, partsOf(process)));
}

/** A process by its name; what changes from moment to moment (memory) is in the tooltip, so that the tree stays still. */
export function processRow(parent: string, process: Process, parts: Partial<Row> = {}): Row {
  const { pid, comm, startTime } = process;
  return row({
    id: `${parent}/${pid}-${startTime}`,
    label: comm,
    description: processDescription(process),
    spoken: `process ${comm}, pid ${pid}`,
    icon: 'server-process',
    subject: { kind: 'process', process },
    tooltip: () => [processHead(process), processFacts(process)].join('\n\n'),
    ...parts,
  });
}

/** `4242 · docker web · nginx -g`; the arguments only where they say more than the name. */
export function processDescription({ pid, comm, command }: Process, ...between: readonly string[]): string {
  return [`${pid}`, ...between, ...(command === '' || command === comm ? [] : [command])].join(' · ');
}

/** The first line of a tooltip. */
export function processHead({ comm, command }: Process): string {
  return code(command || comm);
}

export function processFacts({ pid, ppid, uid, state, rss }: Process): string {
  return facts([
    ['pid', `${pid}`],
    ['parent', `${ppid}`],
    ['user id', `${uid}`],
    ['state', state],
    ['memory', bytes(rss)],
  ]);
}

/** Processes of these pids, in that order; those that have gone since are left out. */
export function processesOf(byPid: ReadonlyMap<number, Process>, pids: readonly number[]): readonly Process[] {
  return pids.map((pid) => byPid.get(pid)).filter((process) => process !== undefined);
}

const indexes = new WeakMap<readonly Process[], ReadonlyMap<number, Process>>();

/** Processes by pid, made once for each list. */
export function byPid(processes: readonly Process[]): ReadonlyMap<number, Process> {
  const known = indexes.get(processes);
  if (known) return known;
  const made = new Map(processes.map((process) => [process.pid, process]));
  indexes.set(processes, made);
  return made;
}
