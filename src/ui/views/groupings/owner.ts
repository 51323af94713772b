import type { Namespace } from '../../../model/namespace.ts';
import { namespaceRow } from '../namespace-row.ts';
import type { Picture } from '../picture.ts';
import type { Row } from '../row.ts';
import { grouped, groupRow } from './group-row.ts';
import { namespaceOf } from '../whose.ts';

/** The namespaces under the user namespace that owns them: whoever has its capabilities has a right over them. */
export function rowsByOwner(picture: Picture): readonly Row[] {
  const owned = grouped(picture.namespaces, ({ relations }) => relations?.owner);
  const unowned = owned.get(undefined) ?? [];
  return [
    ...[...owned]
      .flatMap(([owner, namespaces]) => (owner === undefined ? [] : [{ owner, namespaces }]))
      .sort((a, b) => a.owner - b.owner)
      .map(({ owner, namespaces }) => ownerRow(owner, namespaces, picture)),
    ...(unowned.length > 0 ? [groupRow('unowned', 'Owner not known', 'question', unowned, picture)] : []),
  ];
}

function ownerRow(inode: number, namespaces: readonly Namespace[], picture: Picture): Row {
  const owner = namespaceOf('user', inode, picture.observation);
  const group = groupRow(`owner/${inode}`, `user ${inode}`, 'account', namespaces, picture);
  if (owner === undefined) return group;
  const { label, tooltip, color } = namespaceRow('owner', owner, picture);
  const description = `${inode} · owns ${namespaces.length}`;
  return {
    ...group,
    label,
    description,
    spoken: `user namespace ${label}, ${description}`,
    tooltip,
    color,
    subject: { kind: 'namespace', namespace: owner },
  };
}
