import { NAMESPACE_TYPES, type Namespace } from '../../model/namespace.ts';
import type { Process } from '../../model/process.ts';
import { onlyHeldBy } from '../../text/namespaces.ts';
import { count } from '../../text/units.ts';
import { badged } from './contained.ts';
import { namespaceTooltip } from './namespace-tooltip.ts';
import { TYPES } from './namespace-types.ts';
import type { Picture } from './picture.ts';
import { processRows } from './process-rows.ts';
import { row, type Row } from './row.ts';
import { isHosts, isYours, namespaceName, namespaceOf } from './whose.ts';

/** A namespace by its name, and beneath it the processes that are in it. */
export function namespaceRow(parent: string, namespace: Namespace, picture: Picture): Row {
  const { type, inode } = namespace;
  const { observation } = picture;
  const id = `${parent}/${inode}`;
  const name = namespaceName(namespace, observation);
  const inside = picture.processesIn(namespace);
  const found = namespace.pids.length > 0 ? count(inside.length, 'process', 'processes') : onlyHeldBy(namespace);
  return row({
    id,
    label: name,
    description: `${inode} · ${found}`,
    spoken: `${type} namespace ${inode}, ${name}, ${found}`,
    icon: TYPES[type].icon,
    color: isYours(namespace, observation) ? undefined : 'charts.blue',
    subject: { kind: 'namespace', namespace },
    opening: inside.length > 0 ? 'collapsed' : 'leaf',
    tooltip: () => namespaceTooltip(namespace, name, picture),
    children: () => processRows(id, inside, badged(observation)),
  });
}

/** The same where rows of several types stand together: the type comes first. */
export function typedNamespaceRow(parent: string, namespace: Namespace, picture: Picture): Row {
  const { type, inode } = namespace;
  const plain = namespaceRow(`${parent}/${type}`, namespace, picture);
  return {
    ...plain,
    label: type,
    description: `${plain.label} · ${plain.description ?? ''}`,
    spoken: plain.spoken,
    id: `${parent}/${type}/${inode}`,
  };
}

/** The namespaces of a process, without its fellows in them. */
export function memberRows(parent: string, process: Process, picture: Picture): readonly Row[] {
  const { observation, choice } = picture;
  return NAMESPACE_TYPES.map((type) => namespaceOf(type, process.namespaces[type], observation))
    .filter((namespace) => namespace !== undefined)
    .filter((namespace) => choice.hostShown || !isHosts(namespace, observation))
    .map((namespace) => ({
      ...namespaceRow(parent, namespace, picture),
      label: namespace.type,
      description: `${namespace.inode} · ${namespaceName(namespace, observation)}`,
      opening: 'leaf',
      children: () => [],
    }));
}
