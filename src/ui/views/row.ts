import type { Cgroup } from '../../model/cgroup.ts';
import type { Container } from '../../model/container.ts';
import type { Namespace } from '../../model/namespace.ts';
import type { PublishedPort } from '../../model/profile.ts';
import type { Process } from '../../model/process.ts';
import type { Sandbox } from '../../model/sandbox.ts';
import type { RunningLab } from '../../sandbox/lab/labs.ts';
import type { ProfileSummary } from '../../profile/load.ts';

/** What a row stands for, so that a command on the row knows what to act on. Its kind is the row's context value. */
export type Subject =
  | { readonly kind: 'profile'; readonly profile: ProfileSummary }
  | { readonly kind: 'sandbox'; readonly sandbox: Sandbox }
  | { readonly kind: 'port'; readonly port: PublishedPort }
  | { readonly kind: 'webPort'; readonly port: PublishedPort }
  | { readonly kind: 'namespace'; readonly namespace: Namespace }
  | { readonly kind: 'lab'; readonly lab: RunningLab }
  /** One network of a lab. */
  | { readonly kind: 'labNetwork'; readonly lab: RunningLab; readonly network: string }
  /** Kept under this name in /run/netns. */
  | { readonly kind: 'namedNetwork'; readonly name: string; readonly inode: number }
  /** One of the network namespace with this inode. */
  | { readonly kind: 'interfaceUp' | 'interfaceDown'; readonly network: number; readonly name: string }
  | { readonly kind: 'process'; readonly process: Process }
  | { readonly kind: 'container'; readonly container: Container }
  | { readonly kind: 'cgroup'; readonly cgroup: Cgroup; readonly folder: string };

export type SubjectKind = Subject['kind'];

/** One row of a tree, as plain data. */
export interface Row {
  /** Unique in its tree and the same from one observation to the next. */
  readonly id: string;
  /** The part that tells this row from its neighbours: it stays visible in a narrow sidebar. */
  readonly label: string;
  readonly description?: string | undefined;
  /** Name of a codicon. */
  readonly icon: string;
  /** Id of a theme colour. */
  readonly color?: string | undefined;
  /** What a screen reader says. */
  readonly spoken: string;
  readonly subject?: Subject | undefined;
  readonly opening: 'leaf' | 'collapsed' | 'expanded';
  /** Id of the command that a click runs, without arguments. */
  readonly command?: string | undefined;
  /** Markdown, made when the pointer rests on the row. */
  readonly tooltip?: (() => string | Promise<string>) | undefined;
  /** Made when the row is opened. */
  readonly children: () => readonly Row[];
}

type RowParts = Pick<Row, 'id' | 'label' | 'icon'> & Partial<Row>;

/** A row without children, unless its parts say otherwise. */
export function row(parts: RowParts): Row {
  const spoken = [parts.label, parts.description].filter((text) => text !== undefined).join(', ');
  return { spoken, opening: parts.children ? 'collapsed' : 'leaf', children: () => [], ...parts };
}

/** Whether two rows of the same id look the same in the tree. Tooltips are made afresh each time and do not count. */
export function looksSame(a: Row, b: Row): boolean {
  return (
    a.label === b.label &&
    a.description === b.description &&
    a.icon === b.icon &&
    a.color === b.color &&
    a.spoken === b.spoken &&
    a.opening === b.opening &&
    a.subject?.kind === b.subject?.kind
  );
}

const PAGE = 500;

/**
 * Rows of items beneath a parent; in pages of 500 where there are more.
 * An item's row gets its page's id to begin its own with, so that one that moves to another page is another row.
 */
export function paged<Item>(
  parent: string,
  items: readonly Item[],
  makeRow: (parent: string, item: Item) => Row,
): readonly Row[] {
  if (items.length <= PAGE) return items.map((item) => makeRow(parent, item));
  return Array.from({ length: Math.ceil(items.length / PAGE) }, (_, page) =>
    pageRow(`${parent}/page${page}`, page * PAGE, items, makeRow),
  );
}

function pageRow<Item>(
  id: string,
  start: number,
  items: readonly Item[],
  makeRow: (parent: string, item: Item) => Row,
): Row {
  const end = Math.min(start + PAGE, items.length);
  return row({
    id,
    label: `${start + 1} – ${end}`,
    description: `of ${items.length}`,
    icon: 'list-unordered',
    children: () => items.slice(start, end).map((item) => makeRow(id, item)),
  });
}
