import type { Snapshot } from '../protocol/discovery.ts';

/** What a sandbox costs: the processes in the pid namespace of its PID 1, and their resident memory in bytes. */
export function sandboxUsage(
  { processes }: Snapshot,
  pid1: number,
): { readonly processes: number; readonly rss: number } {
  const inode = processes.find(({ pid }) => pid === pid1)?.namespaces.pid;
  const inside = inode === undefined ? [] : processes.filter(({ namespaces }) => namespaces.pid === inode);
  return { processes: inside.length, rss: inside.reduce((sum, { rss }) => sum + rss, 0) };
}
