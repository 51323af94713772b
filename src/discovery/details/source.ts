import { execFileSync } from 'node:child_process';
import { requireProgram } from '../../host/programs.ts';
import type { Namespace, NamespaceType } from '../../model/namespace.ts';
import { readLink, readPieces } from '../files.ts';
import { handlesOf } from '../handles.ts';
import { parseName } from '../links.ts';

/** How the files of a namespace are read. Both throw an Error that says why they cannot be. */
export interface Source {
  /** A file of /proc/PID, as a process in the namespace has it. */
  readonly ofTask: (name: string) => string;
  /** Files of which the kernel shows everyone those of the namespaces that the reader is in. */
  readonly inside: (...paths: readonly string[]) => string;
}

/** Whoever would not end in this time, in milliseconds, is stopped. */
const PATIENCE = 5000;

export function sourceOf(namespace: Namespace): Source {
  const inside = (...paths: readonly string[]): string =>
    isOurs(namespace) ? paths.map(readText).join('') : catInside(namespace, paths);
  return {
    inside,
    ofTask: (name) => {
      const task = taskIn(namespace);
      return task === undefined ? inside(`/proc/self/${name}`) : readOfTask(task, name, namespace);
    },
  };
}

function isOurs({ type, inode }: Namespace): boolean {
  return isIn('/proc/self', type, inode);
}

/** The folder in /proc of a process or thread that is in a namespace. */
function taskIn({ type, inode, pids, holders }: Namespace): string | undefined {
  const threads = holders.flatMap((one) => (one.by === 'thread' ? [`/proc/${one.pid}/task/${one.tid}`] : []));
  return [...pids.map((pid) => `/proc/${pid}`), ...threads].find((folder) => isIn(folder, type, inode));
}

function isIn(folder: string, type: NamespaceType, inode: number): boolean {
  const link = readLink(`${folder}/ns/${type}`);
  return 'text' in link && parseName(link.text)?.inode === inode;
}

/** Its number may be another's by now: what was read counts if it is still in the namespace afterwards. */
function readOfTask(task: string, name: string, { type, inode }: Namespace): string {
  const text = readText(`${task}/${name}`);
  if (!isIn(task, type, inode)) throw new Error('the process that was asked has ended');
  return text;
}

function readText(path: string): string {
  return readPieces(path).toString('utf8');
}

/** cat(1) of this host in that one namespace, and, where that alone is refused, in its user namespace too. */
function catInside(namespace: Namespace, paths: readonly string[]): string {
  const [handle] = handlesOf(namespace);
  if (handle === undefined) throw new Error('nothing leads into it');
  const [pid] = namespace.pids;
  const enter = `--${namespace.type === 'mnt' ? 'mount' : namespace.type}=${handle}`;
  const owner =
    process.getuid?.() === 0 || pid === undefined ? [] : [`--user=/proc/${pid}/ns/user`, '--preserve-credentials'];
  const args = [...owner, enter, '--', requireProgram('cat'), '--', ...paths];
  try {
    return execFileSync(requireProgram('nsenter'), args, {
      encoding: 'utf8',
      timeout: PATIENCE,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { LC_ALL: 'C' },
    });
  } catch (error) {
    const said = ((error as { readonly stderr?: string }).stderr ?? '').trim();
    throw new Error(said || String(error), { cause: error });
  }
}
