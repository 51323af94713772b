import type { Container } from '../../model/container.ts';
import type { NamespaceName } from '../../model/namespace.ts';
import type { Row } from './row.ts';

/** What somebody wants to see in a tree. */
export type Sought =
  | { readonly pid: number }
  | { readonly namespace: NamespaceName }
  | { readonly container: Container }
  /** The folder of a cgroup. */
  | { readonly folder: string };

/** The rows from the top down to the first that shows it; undefined where none does. */
export function pathTo(sought: Sought, rows: readonly Row[]): readonly Row[] | undefined {
  // A namespace that the process is not in may still have one beneath it that it is in: looked at only where nothing else leads there.
  return search(sought, rows, false) ?? ('pid' in sought ? search(sought, rows, true) : undefined);
}

function search(sought: Sought, rows: readonly Row[], everywhere: boolean): readonly Row[] | undefined {
  for (const row of rows) if (shows(row, sought)) return [row];
  for (const row of rows) {
    if (row.opening === 'leaf' || !mayHold(row, sought, everywhere)) continue;
    const below = search(sought, row.children(), everywhere);
    if (below) return [row, ...below];
  }
  return undefined;
}

function shows({ subject }: Row, sought: Sought): boolean {
  if ('pid' in sought) return subject?.kind === 'process' && subject.process.pid === sought.pid;
  if ('folder' in sought) return subject?.kind === 'cgroup' && subject.folder === sought.folder;
  if ('namespace' in sought) return subject?.kind === 'namespace' && sameName(subject.namespace, sought.namespace);
  return (
    (subject?.kind === 'container' && sameContainer(subject.container, sought.container)) ||
    (subject?.kind === 'namespace' && sameContainer(subject.namespace.container, sought.container))
  );
}

/** A row without a subject is a group or a page. */
function mayHold({ subject }: Row, sought: Sought, everywhere: boolean): boolean {
  switch (subject?.kind) {
    case undefined:
    case 'container':
      return true;
    case 'namespace':
      return everywhere || !('pid' in sought) || subject.namespace.pids.includes(sought.pid);
    case 'process':
      return 'namespace' in sought && subject.process.namespaces[sought.namespace.type] === sought.namespace.inode;
    case 'cgroup':
      return 'folder' in sought && `${sought.folder}/`.startsWith(`${subject.folder}/`);
    default:
      return false;
  }
}

function sameName(a: NamespaceName, b: NamespaceName): boolean {
  return a.type === b.type && a.inode === b.inode;
}

function sameContainer(a: Container | undefined, b: Container): boolean {
  return a?.kind === b.kind && a.name === b.name;
}
