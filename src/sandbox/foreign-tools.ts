import { findProgram } from '../host/programs.ts';
import type { TOOL_NAMES } from '../host/tools.ts';
import { type Tools } from '../host/tools.ts';
import { shellWords } from './quote.ts';
import { bindFile, NO_MOUNTS, remountReadOnly, tmpfs, type MountPlan } from './mounts.ts';

const FOLDER = '/run/namespace-sandboxes';

/** How a program of the host is called inside: words of a command line, already quoted. */
export type ToolCommand = (name: (typeof TOOL_NAMES)[number]) => string;

/** With the `host` root the machine's programs are there, at their own paths. */
export const hostToolCommand: ToolCommand = (name) => shellWords([findProgram(name) ?? name]);

/** In a foreign root they are called through their own loader (ld.so(8)), so that neither its libraries nor its links count. */
export const foreignToolCommand: ToolCommand = (name) =>
  shellWords([`${FOLDER}/ld.so`, '--inhibit-cache', '--library-path', FOLDER, `${FOLDER}/${name}`]);

/**
 * The host's tools, bound read-only into a folder that is a mount of its own and closed at the end:
 * whoever could replace the loader there would run with every capability at the next join.
 */
export function toolMounts({ files }: Tools): MountPlan {
  const inside = (name: string): string => `${FOLDER}/${name}`;
  return {
    ...NO_MOUNTS,
    first: [tmpfs(FOLDER, '755')],
    files: files.map(({ name }) => inside(name)),
    second: files.map(({ source, name }) => bindFile(source, inside(name), ['ro', 'nosuid', 'nodev'])),
    last: [remountReadOnly(FOLDER, [])],
  };
}
