import { notKnown, notReadable } from '../../text/namespaces.ts';
import { count } from '../../text/units.ts';
import { GROUPINGS, type Grouping } from './grouping.ts';
import type { Picture } from './picture.ts';
import { row, type Row } from './row.ts';

/** The namespaces that are to be seen, grouped. None where nothing is, so that the view says what to do. */
export function namespaceRows(picture: Picture, grouping: Grouping): readonly Row[] {
  const { namespaces, choice, observation } = picture;
  if (observation.snapshot.namespaces.length === 0) return [];
  if (namespaces.length === 0 && choice.filter !== '') return [];
  return [...GROUPINGS[grouping].rows(picture), ...unreadableRow(picture)];
}

/** What only root sees, with the way to see it. */
function unreadableRow({ observation: { snapshot } }: Picture): readonly Row[] {
  const label = notReadable(snapshot);
  if (label === undefined) return [];
  return [
    row({
      id: 'unreadable',
      label,
      description: 'look again as root',
      icon: 'key',
      command: 'namespaceSandboxes.scanAsRoot',
      tooltip: () => 'A click looks once more as root, through the helper, who sees the namespaces of every process.',
    }),
  ];
}

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
