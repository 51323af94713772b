import type { Namespace } from '../../../model/namespace.ts';
import { namespaceRow } from '../namespace-row.ts';
import { TYPES } from '../namespace-types.ts';
import type { Picture } from '../picture.ts';
import { paged, row, type Row } from '../row.ts';
import { grouped } from './group-row.ts';

/** The namespaces that have parents, as trees: of user and of pid namespaces. */
export function rowsByHierarchy(picture: Picture): readonly Row[] {
  return (['user', 'pid'] as const).map((type) => {
    const tree = treeOf(type, picture);
    return row({
      id: type,
      label: `${type} namespaces`,
      description: `${tree.size}`,
      icon: TYPES[type].icon,
      opening: tree.size > 0 ? 'expanded' : 'leaf',
      children: () => rowsBeneath(type, undefined, tree, picture),
    });
  });
}

interface Tree {
  readonly size: number;
  /** By the inode of the parent; undefined for those at the top. */
  readonly children: ReadonlyMap<number | undefined, readonly Namespace[]>;
}

/** The parent of a row is the nearest ancestor that is shown. */
function treeOf(type: 'user' | 'pid', { observation, namespaces }: Picture): Tree {
  const all = new Map(
    observation.snapshot.namespaces.filter((one) => one.type === type).map((one) => [one.inode, one]),
  );
  const shown = namespaces.filter((one) => one.type === type);
  const inodes = new Set(shown.map(({ inode }) => inode));
  return { size: shown.length, children: grouped(shown, (namespace) => shownAncestor(namespace, inodes, all)) };
}

/** The kernel nests at most 32 of either kind (user_namespaces(7), pid_namespaces(7)). */
const DEEPEST = 33;

function shownAncestor(
  namespace: Namespace,
  shown: ReadonlySet<number>,
  all: ReadonlyMap<number, Namespace>,
): number | undefined {
  let parent = namespace.relations?.parent;
  for (let depth = 0; depth < DEEPEST && parent !== undefined; depth += 1) {
    if (shown.has(parent)) return parent;
    parent = all.get(parent)?.relations?.parent;
  }
  return undefined;
}

function rowsBeneath(id: string, parent: number | undefined, tree: Tree, picture: Picture): readonly Row[] {
  return paged(id, tree.children.get(parent) ?? [], (page, namespace) => branch(page, namespace, tree, picture));
}

/** A namespace with those beneath it, and after them the processes that are in it itself. */
function branch(parent: string, namespace: Namespace, tree: Tree, picture: Picture): Row {
  const plain = namespaceRow(parent, namespace, picture);
  const below = tree.children.get(namespace.inode)?.length ?? 0;
  return {
    ...plain,
    opening: below > 0 ? 'expanded' : plain.opening,
    children: () => [...rowsBeneath(plain.id, namespace.inode, tree, picture), ...plain.children()],
  };
}
