import { findProgram } from '../host/programs.ts';
import type { ToolName, Tools } from '../host/tools.ts';
import { shellWords } from './script/quote.ts';
import { bindFile, NO_MOUNTS, remountReadOnly, tmpfs, type MountPlan } from './mounts.ts';

export const TOOL_FOLDER = '/run/namespace-sandboxes';

/** Where the program of the seccomp filter is inside, read-only: in the bare root, or in the folder of the tools. */
export function filterInside(foreign: boolean): string {
  return foreign ? `${TOOL_FOLDER}/seccomp.bpf` : '/.seccomp.bpf';
}

/** How a program of the host is called inside: words of a command line, already quoted. */
export type ToolCommand = (name: ToolName) => string;

/** With the `host` root the machine's programs are there, at their own paths. */
export const hostToolCommand: ToolCommand = (name) => shellWords([findProgram(name) ?? name]);

/** In a foreign root they are called through their own loader (ld.so(8)), so that neither its libraries nor its links count. */
export const foreignToolCommand: ToolCommand = (name) =>
  shellWords([`${TOOL_FOLDER}/ld.so`, '--inhibit-cache', '--library-path', TOOL_FOLDER, `${TOOL_FOLDER}/${name}`]);

/**
 * The host's tools, bound read-only into a folder that is a mount of its own and closed at the end:
 * whoever could replace the loader there would run with every capability at the next join.
 */
export function toolMounts({ files }: Tools): MountPlan {
  const inside = (name: string): string => `${TOOL_FOLDER}/${name}`;
  return {
    ...NO_MOUNTS,
    first: [tmpfs(TOOL_FOLDER, '755')],
    files: files.map(({ name }) => inside(name)),
    second: files.map(({ source, name }) => bindFile(source, inside(name), ['ro', 'nosuid', 'nodev'])),
    last: [remountReadOnly(TOOL_FOLDER, [])],
  };
}

/** The filter, which whoever enters has to find as it was written. */
export function filterMount(file: string, foreign: boolean): MountPlan {
  const inside = filterInside(foreign);
  return { ...NO_MOUNTS, files: [inside], second: [bindFile(file, inside, ['ro', 'nosuid', 'nodev', 'noexec'])] };
}
