import type { Namespace } from '../../../model/namespace.ts';
import { count } from '../../../text/units.ts';
import { typedNamespaceRow } from '../namespace-row.ts';
import type { Picture } from '../picture.ts';
import { paged, row, type Row } from '../row.ts';

/** A row of namespaces of several types. */
export function groupRow(
  id: string,
  label: string,
  icon: string,
  namespaces: readonly Namespace[],
  picture: Picture,
): Row {
  return row({
    id,
    label,
    description: count(namespaces.length, 'namespace', 'namespaces'),
    icon,
    children: () => paged(id, namespaces, (page, namespace) => typedNamespaceRow(page, namespace, picture)),
  });
}

/** Namespaces by what they have in common, in the order in which it is met. */
export function grouped<Key>(
  namespaces: readonly Namespace[],
  keyOf: (namespace: Namespace) => Key,
): ReadonlyMap<Key, readonly Namespace[]> {
  const groups = new Map<Key, Namespace[]>();
  for (const namespace of namespaces) {
    const group = groups.get(keyOf(namespace));
    if (group) group.push(namespace);
    else groups.set(keyOf(namespace), [namespace]);
  }
  return groups;
}
