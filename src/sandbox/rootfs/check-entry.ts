import { posix } from 'node:path';
import type { Header } from 'tar-stream';

const TYPES: readonly unknown[] = ['file', 'contiguous-file', 'directory', 'symlink', 'link'];

const DEVICE = "it is a device node; a sandbox has its own /dev, so make the archive with tar --exclude='./dev/*'";

const REFUSED: Readonly<Record<string, string>> = {
  'character-device': DEVICE,
  'block-device': DEVICE,
  fifo: 'it is a FIFO',
};

export type EntryHeader = Pick<Header, 'name' | 'type' | 'pax'> & {
  readonly linkname: string | null;
  readonly size?: number;
};

/** The pax records of an entry (POSIX pax "pax Extended Header"). */
export function paxOf({ pax }: Pick<Header, 'pax'>): Readonly<Record<string, unknown>> {
  return { ...(typeof pax === 'object' ? pax : undefined) };
}

/**
 * A check of the entries of one archive, in their order: the reason why an entry cannot be unpacked, or undefined.
 * An entry must lie in the tree by its name, and must not be reached through a link that came before it.
 */
export function entryChecker(): (entry: EntryHeader) => string | undefined {
  const seen = new Map<string, string>();
  return (header) => {
    const { name, type } = header;
    const path = inTree(name);
    const reason =
      wrongType(header) ??
      path.refused ??
      wrongRoot(type, path.inside) ??
      throughLink(path.inside, seen) ??
      wrongLink(header, path.inside, seen);
    if (reason === undefined) seen.set(path.inside, type);
    return reason;
  };
}

function wrongType({ type, size, ...header }: EntryHeader): string | undefined {
  if (Object.hasOwn(REFUSED, type)) return REFUSED[type];
  if (!TYPES.includes(type)) return 'it is no file, folder or link (a sparse file? Make the archive without --sparse)';
  const sparse = Object.keys(paxOf(header)).some((key) => key.startsWith('GNU.sparse.'));
  if (sparse) return 'it is a sparse file; make the archive without --sparse';
  const isFile = type === 'file' || type === 'contiguous-file';
  return !isFile && size ? 'it claims to have content, but only a file can' : undefined;
}

function wrongRoot(type: string, path: string): string | undefined {
  return path === '' && type !== 'directory' ? 'it would replace the root folder' : undefined;
}

/** The path of an entry from the tree's root, without a slash at its ends; '' is the root itself. */
function inTree(name: string): { readonly inside: string; readonly refused: string | undefined } {
  if (name.startsWith('/')) return { inside: '', refused: 'its path is absolute' };
  if (unreadable(name)) return { inside: '', refused: 'its path is not UTF-8, or holds a NUL byte' };
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return { inside: '', refused: 'its path holds ".."' };
  return { inside: parts.join('/'), refused: undefined };
}

/** Names that could not be written again as they were read. */
function unreadable(name: string): boolean {
  return name.includes('\0') || name.includes('\uFFFD');
}

function throughLink(path: string, seen: ReadonlyMap<string, string>): string | undefined {
  for (let above = posix.dirname(path); above !== '.'; above = posix.dirname(above)) {
    const type = seen.get(above);
    if (type === 'symlink') return `it lies behind the link ${above}`;
    if (type !== undefined && type !== 'directory') return `it lies below ${above}, which is a file`;
  }
  return seen.get(path) === 'symlink' ? 'it replaces a link of the same name' : undefined;
}

function wrongLink({ type, linkname }: EntryHeader, path: string, seen: ReadonlyMap<string, string>) {
  if (type === 'symlink') return wrongSymlink(linkname ?? '', path);
  return type === 'link' ? wrongHardLink(linkname ?? '', seen) : undefined;
}

function wrongSymlink(linkname: string, path: string): string | undefined {
  if (linkname === '' || unreadable(linkname)) return 'it is a symbolic link without a readable target';
  return leadsOut(path, linkname) ? `it leads out of the tree (${linkname})` : undefined;
}

function wrongHardLink(linkname: string, seen: ReadonlyMap<string, string>): string | undefined {
  const link = `it is a hard link to ${linkname}`;
  const { inside, refused } = inTree(linkname);
  const type = seen.get(inside);
  if (type === 'symlink' || type === 'directory') return `${link}, which is no file`;
  const reason = refused ?? throughLink(inside, seen);
  if (reason !== undefined) return `${link}, and ${reason}`;
  return type === undefined ? `${link}, which does not come before it` : undefined;
}

/** An absolute link begins at the sandbox's own root once it is used; a relative one must not climb above it. */
function leadsOut(path: string, target: string): boolean {
  if (target.startsWith('/')) return false;
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  return resolved === '..' || resolved.startsWith('../');
}
