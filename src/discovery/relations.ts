import { closeSync, fstatSync } from 'node:fs';
import type { Holder, Namespace, NamespaceName, NamespaceType, Relations } from '../model/namespace.ts';
import { openNamespace } from './handles.ts';
import { nameKey } from './held.ts';
import type { KernelCalls } from './kernel-calls.ts';

/** What has been learned so far. */
interface Asked {
  readonly calls: KernelCalls;
  readonly relations: Map<string, Relations | undefined>;
  /** Parents and owners, and of whom. */
  readonly relatives: Map<string, { readonly name: NamespaceName; readonly holders: Holder[] }>;
}

/**
 * Asks where each namespace stands, and adds those that are only the parent or the owner of another (ioctl_nsfs(2)).
 * `known` tells what cannot have changed since it was asked.
 */
export function relate(
  namespaces: readonly Namespace[],
  calls: KernelCalls,
  known: (namespace: Namespace) => Relations | undefined,
): readonly Namespace[] {
  const asked: Asked = { calls, relations: new Map(), relatives: new Map() };
  const found = new Set(namespaces.map(nameKey));
  for (const namespace of namespaces) {
    const relations = known(namespace) ?? openAndAsk(namespace, asked);
    asked.relations.set(nameKey(namespace), relations);
    if (relations) noteRelatives(namespace, relations, asked);
  }
  const others = [...asked.relatives].filter(([key]) => !found.has(key));
  return [
    ...namespaces.map((namespace) => withRelations(namespace, asked)),
    ...others.map(([, { name }]) =>
      withRelations({ ...name, pids: [], holders: [], relations: undefined, container: undefined }, asked),
    ),
  ];
}

/** That it is a parent or an owner is only said of one in which no process is: of the others it is nothing special. */
function withRelations(namespace: Namespace, { relations, relatives }: Asked): Namespace {
  const key = nameKey(namespace);
  const more = namespace.pids.length > 0 ? [] : (relatives.get(key)?.holders ?? []);
  return { ...namespace, holders: [...namespace.holders, ...more], relations: relations.get(key) };
}

function openAndAsk(namespace: Namespace, asked: Asked): Relations | undefined {
  const fd = openNamespace(namespace);
  if (fd === undefined) return undefined;
  try {
    return ask(namespace, fd, asked);
  } finally {
    closeSync(fd);
  }
}

const HIERARCHICAL: readonly NamespaceType[] = ['user', 'pid'];

function ask({ type }: NamespaceName, fd: number, asked: Asked): Relations {
  return {
    parent: HIERARCHICAL.includes(type) ? follow(type, fd, 'parent', asked) : undefined,
    owner: follow('user', fd, 'owner', asked),
    ownerUid: type === 'user' ? asked.calls.ownerUid(fd) : undefined,
  };
}

/** What is at the other end may be in nobody's folder: where it stands is asked while it is open. */
function follow(type: NamespaceType, fd: number, what: 'parent' | 'owner', asked: Asked): number | undefined {
  const other = asked.calls.related(fd, what);
  if (other === undefined) return undefined;
  try {
    const name = { type, inode: fstatSync(other).ino };
    if (!asked.relations.has(nameKey(name))) askRelative(name, other, asked);
    return name.inode;
  } finally {
    asked.calls.close(other);
  }
}

function askRelative(name: NamespaceName, fd: number, asked: Asked): void {
  asked.relations.set(nameKey(name), undefined);
  const relations = ask(name, fd, asked);
  asked.relations.set(nameKey(name), relations);
  noteRelatives(name, relations, asked);
}

function noteRelatives(name: NamespaceName, { parent, owner }: Relations, { relatives }: Asked): void {
  const { type, inode } = name;
  if (parent !== undefined) note({ type, inode: parent }, { by: 'child', child: { type, inode } });
  // The owner of a user namespace is its parent.
  if (owner !== undefined && type !== 'user')
    note({ type: 'user', inode: owner }, { by: 'owned', owned: { type, inode } });

  function note(relative: NamespaceName, holder: Holder): void {
    const known = relatives.get(nameKey(relative));
    if (known) known.holders.push(holder);
    else relatives.set(nameKey(relative), { name: relative, holders: [holder] });
  }
}
