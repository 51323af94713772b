import type { Process } from '../../../model/process.ts';
import { badged } from '../contained.ts';
import { memberRows } from '../namespace-row.ts';
import type { Picture } from '../picture.ts';
import { processRow } from '../process-rows.ts';
import { paged, row, type Row } from '../row.ts';
import { isolatedTypes } from '../whose.ts';

/** Every process with its namespaces: those that are in others than the host first. */
export function rowsByProcess(picture: Picture): readonly Row[] {
  const isApart = (process: Process): boolean => isolatedTypes(process, picture.observation).length > 0;
  const apart = picture.processes.filter(isApart);
  const among = picture.processes.filter((process) => !isApart(process));
  return [
    groupOfProcesses('apart', 'In namespaces of their own', apart, picture),
    ...(among.length > 0 ? [groupOfProcesses('among', 'In those of the host', among, picture)] : []),
  ];
}

function groupOfProcesses(id: 'apart' | 'among', label: string, processes: readonly Process[], picture: Picture): Row {
  return row({
    id,
    label,
    description: `${processes.length}`,
    icon: id === 'apart' ? 'symbol-namespace' : 'home',
    opening: processes.length === 0 ? 'leaf' : id === 'apart' ? 'expanded' : 'collapsed',
    children: () => paged(id, processes, (page, process) => processWithNamespaces(page, process, picture)),
  });
}

function processWithNamespaces(parent: string, process: Process, picture: Picture): Row {
  const plain = processRow(parent, process, badged(picture.observation)(process));
  const types = picture.choice.hostShown
    ? Object.keys(process.namespaces)
    : isolatedTypes(process, picture.observation);
  return {
    ...plain,
    opening: types.length > 0 ? 'collapsed' : 'leaf',
    children: () => memberRows(plain.id, process, picture),
  };
}
