import { NAMESPACE_TYPES, type NamespaceName, type NamespaceType } from '../model/namespace.ts';
import type { Process } from '../model/process.ts';
import { readLink } from './files.ts';

/** Links to the namespaces that the next children will be in, by the type of these (namespaces(7)). */
const FOR_CHILDREN = { pid: 'pid_for_children', time: 'time_for_children' } as const;

/** Every thread of a process is in its user, pid and time namespace: unshare(2) and setns(2) refuse the rest. */
const OF_THREADS = ['mnt', 'net', 'ipc', 'uts', 'cgroup'] as const;

/** The links of one task. `refused`: this user may not look at them. */
export interface Links {
  readonly namespaces: Process['namespaces'];
  /** Where the children will be elsewhere. */
  readonly children: readonly NamespaceName[];
  readonly refused: boolean;
}

const NONE = 'ENOENT';
const REFUSED: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM']);

/** Reads the ns folder of a process: one object for all that have the same links. */
export function linkReader(): (folder: string) => Links {
  const known = new Map<string, Links>();
  return (folder) => {
    const { text, refused } = readTexts(folder, NAMESPACE_TYPES);
    // What may not be looked at has no other link that may.
    const children = refused || text === '' ? '' : childrenText(folder);
    const key = `${text}|${children}|${refused}`;
    const links = known.get(key) ?? asLinks(text, children, refused);
    known.set(key, links);
    return links;
  };
}

/** The namespaces of a thread that are not those of its process, and those of its children that are neither's. */
export function readThreadLinks(folder: string, ofProcess: Links): Pick<Links, 'namespaces' | 'children'> {
  const own = parseLinks(readTexts(folder, OF_THREADS).text);
  const namespaces = Object.fromEntries(
    OF_THREADS.filter((type) => own[type] !== undefined && own[type] !== ofProcess.namespaces[type]).map((type) => [
      type,
      own[type],
    ]),
  );
  return { namespaces, children: differing(childrenText(folder), ofProcess.namespaces) };
}

function asLinks(text: string, children: string, refused: boolean): Links {
  const namespaces = parseLinks(text);
  return { namespaces, children: differing(children, namespaces), refused };
}

/** All links need the same right: where the first is refused, the others are not asked. */
function readTexts(folder: string, types: readonly NamespaceType[]): { text: string; refused: boolean } {
  let text = '';
  for (const type of types) {
    const link = readLink(`${folder}/ns/${type}`);
    if ('text' in link) text += `${link.text} `;
    else if (REFUSED.has(link.code)) return { text, refused: true };
    // A zombie has left its namespaces; a kernel without a type has none of it.
    else if (link.code !== NONE) break;
  }
  return { text, refused: false };
}

function childrenText(folder: string): string {
  const links = Object.values(FOR_CHILDREN).map((name) => readLink(`${folder}/ns/${name}`));
  return links.map((link) => ('text' in link ? link.text : '')).join(' ');
}

function differing(children: string, from: Process['namespaces']): readonly NamespaceName[] {
  const named = parseLinks(children);
  return (Object.keys(FOR_CHILDREN) as (keyof typeof FOR_CHILDREN)[]).flatMap((type) => {
    const inode = named[type];
    return inode === undefined || inode === from[type] ? [] : [{ type, inode }];
  });
}

/** The links of a task's ns folder, `user:[4026531837] mnt:[4026531841] …`, by type (namespaces(7)). */
export function parseLinks(links: string): Process['namespaces'] {
  return Object.fromEntries(
    [...links.matchAll(/([a-z]+):\[(\d+)\]/g)].map(([, type = '', inode]) => [type, Number(inode)]),
  );
}

/** `net:[4026532567]` as it stands in links and in mountinfo; undefined for anything else. */
export function parseName(text: string): NamespaceName | undefined {
  const [, type = '', inode] = /^([a-z]+):\[(\d+)\]$/.exec(text) ?? [];
  return isType(type) ? { type, inode: Number(inode) } : undefined;
}

function isType(name: string): name is NamespaceType {
  return (NAMESPACE_TYPES as readonly string[]).includes(name);
}
