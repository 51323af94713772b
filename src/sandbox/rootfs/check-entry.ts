import { posix } from 'node:path';
import type { Header } from 'tar-stream';

const TYPES: readonly unknown[] = ['file', 'contiguous-file', 'directory', 'symlink', 'link'];

const REFUSED: Readonly<Record<string, string>> = {
  'character-device':
    'it is a device node; leave /dev out of the archive (tar --exclude ./dev/*), a sandbox has its own',
  'block-device': 'it is a device node; leave /dev out of the archive (tar --exclude ./dev/*), a sandbox has its own',
  fifo: 'it is a FIFO',
};

/**
 * A check of the entries of one archive, in their order: the reason why an entry cannot be unpacked, or undefined.
 * An entry must lie in the tree by its name, and must not be reached through a link that came before it.
 */
export function entryChecker(): (entry: Pick<Header, 'name' | 'type' | 'linkname' | 'pax'>) => string | undefined {
  const seen = new Map<string, string>();
  return ({ name, type, linkname, pax }) => {
    const path = inTree(name);
    const reason =
      wrongType(type, pax) ??
      path.refused ??
      throughLink(path.inside, seen) ??
      wrongLink(type, linkname, path.inside, seen);
    if (reason === undefined) seen.set(path.inside, type);
    return reason;
  };
}

function wrongType(type: unknown, pax: Header['pax']): string | undefined {
  if (typeof type === 'string' && Object.hasOwn(REFUSED, type)) return REFUSED[type];
  if (!TYPES.includes(type)) return `its type "${String(type)}" is not a file, folder or link`;
  const sparse = Object.keys(pax ?? {}).some((key) => key.startsWith('GNU.sparse.'));
  return sparse ? 'it is a sparse file, whose name another program could read differently' : undefined;
}

/** The path of an entry from the tree's root, without a slash at its ends; '' is the root itself. */
function inTree(name: string): { readonly inside: string; readonly refused: string | undefined } {
  if (name.startsWith('/')) return { inside: '', refused: 'its path is absolute' };
  if (name.includes('\0')) return { inside: '', refused: 'its name holds a NUL byte' };
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return { inside: '', refused: 'its path holds ".."' };
  return { inside: parts.join('/'), refused: undefined };
}

function throughLink(path: string, seen: ReadonlyMap<string, string>): string | undefined {
  for (let above = posix.dirname(path); above !== '.' && above !== '/'; above = posix.dirname(above)) {
    if (seen.get(above) === 'symlink') return `it lies behind the link ${above}`;
  }
  return seen.get(path) === 'symlink' ? 'it replaces a link of the same name' : undefined;
}

function wrongLink(
  type: unknown,
  linkname: string | null | undefined,
  path: string,
  seen: ReadonlyMap<string, string>,
): string | undefined {
  if (type === 'symlink')
    return leadsOut(path, linkname ?? '') ? `it leads out of the tree (${linkname ?? ''})` : undefined;
  if (type !== 'link') return undefined;
  const target = inTree(linkname ?? '');
  const reason = target.refused ?? throughLink(target.inside, seen);
  if (reason !== undefined) return `it is a hard link to ${linkname ?? ''}, and ${reason}`;
  return seen.has(target.inside) ? undefined : `it is a hard link to ${linkname ?? ''}, which does not come before it`;
}

/** An absolute link begins at the sandbox's own root once it is used; a relative one must not climb above it. */
function leadsOut(path: string, target: string): boolean {
  if (target.startsWith('/')) return false;
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  return resolved === '..' || resolved.startsWith('../');
}
