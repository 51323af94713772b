import type { Pinned } from '../model/sandbox.ts';

/** What a file or folder is called while it is made or removed: it says who is at it, and since when that process runs. */
export function partialName(name: string, { pid, startTime }: Pinned): string {
  return `.partial-${pid}-${startTime}-${name}`;
}

/** Who is at what is called so; undefined for the name of something whole. */
export function whoIsAt(name: string): Pinned | undefined {
  const [, pid, startTime] = /^\.partial-(\d+)-(\d+)-/.exec(name) ?? [];
  return pid === undefined ? undefined : { pid: Number(pid), startTime: Number(startTime) };
}
