import { readPrivileges } from '../../discovery/privileges.ts';
import type { Process } from '../../model/process.ts';
import { fail } from '../../model/problem.ts';
import { comparisonText, type Compared } from '../../text/comparison.ts';
import type { App } from '../app.ts';
import { pickProcess } from './pick-process.ts';
import type { Target } from './table.ts';

/** Shows in what two processes differ: the two that are selected, or the one with another that the user picks, or two. */
export async function compareProcesses(
  app: App,
  target: Target | undefined,
  selected: readonly Target[],
): Promise<void> {
  const { processes } = (await app.live.observe()).snapshot;
  const given = givenProcesses(target, selected);
  const first = given[0] ?? (await pickProcess(processes, 'Process to compare'));
  if (!first) return;
  const others = processes.filter(({ pid }) => pid !== first.pid);
  const second = given[1] ?? (await pickProcess(others, `Process to compare with ${first.comm} ${first.pid}`));
  if (!second) return;
  const text = comparisonText(compared(first, processes), compared(second, processes));
  await app.documents.show(`compare ${first.pid} and ${second.pid}.txt`, text);
}

/** Shows in what a process, such as one of a network, differs from another that the user picks. */
export async function compareProcess(app: App, pid: number): Promise<void> {
  const { processes } = (await app.live.observe()).snapshot;
  const process = processes.find((one) => one.pid === pid) ?? fail('processGone', { pid });
  await compareProcesses(app, { kind: 'process', process }, []);
}

function givenProcesses(target: Target | undefined, selected: readonly Target[]): readonly Process[] {
  const all = selected.length > 1 ? selected : target ? [target] : [];
  const processes = all.flatMap((one) => (one.kind === 'process' ? [one.process] : []));
  return [...new Map(processes.map((process) => [process.pid, process])).values()].slice(0, 2);
}

/** As it is now, not as it was when its row was drawn. */
function compared({ pid, startTime }: Process, processes: readonly Process[]): Compared {
  const process =
    processes.find((one) => one.pid === pid && one.startTime === startTime) ?? fail('processGone', { pid });
  return { process, privileges: readPrivileges(pid) };
}
