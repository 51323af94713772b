import { notKnown, notReadable } from '../../text/namespaces.ts';
import { count } from '../../text/units.ts';
import { GROUPINGS, type Grouping } from './grouping.ts';
import type { Picture } from './picture.ts';
import { byPid } from './process-rows.ts';
import { row, type Row } from './row.ts';

/** The namespaces that are to be seen, grouped. None where nothing is, so that the view says what to do. */
export function namespaceRows(picture: Picture, grouping: Grouping): readonly Row[] {
  const { namespaces, choice, observation } = picture;
  if (observation.snapshot.namespaces.length === 0) return [];
  if (namespaces.length === 0 && choice.filter !== '') return [];
  return [...GROUPINGS[grouping].rows(picture), ...unreadableRow(picture)];
}

/** What only root sees, with the way to see it. */
function unreadableRow({ observation: { snapshot, ownPid } }: Picture): readonly Row[] {
  const label = notReadable(snapshot);
  if (label === undefined) return [];
  const plain = row({ id: 'unreadable', label, icon: 'key', tooltip: () => NOT_READABLE });
  if (byPid(snapshot.processes).get(ownPid)?.uid === 0) return [{ ...plain, description: 'not even as root' }];
  return [{ ...plain, description: 'look again as root', command: 'namespaceSandboxes.scanAsRoot' }];
}

const NOT_READABLE =
  'The kernel shows the namespaces of a process only to its own user and to root. A click on this row looks once more as root, through the helper.';

/** What stands above the rows: the filter, and what is not known. */
export function namespaceMessage({ choice, namespaces, processes, observation }: Picture): string | undefined {
  const hidden = choice.hostShown ? '' : ', besides the host’s own';
  const found = `${count(namespaces.length, 'namespace', 'namespaces')}, ${count(processes.length, 'process', 'processes')}`;
  return (
    [
      ...(choice.filter === '' ? [] : [`Filter “${choice.filter}”: ${found}${hidden}.`]),
      ...notKnown(observation.snapshot),
    ].join(' ') || undefined
  );
}
