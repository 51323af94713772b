import type { IdRange } from '../../model/namespace-details.ts';

/** Lines of /proc/PID/uid_map or gid_map (user_namespaces(7)). */
export function parseIdMap(text: string): readonly IdRange[] {
  return [...text.matchAll(/^ *(\d+) +(\d+) +(\d+)$/gm)].map(([, inside, outside, count]) => ({
    inside: Number(inside),
    outside: Number(outside),
    count: Number(count),
  }));
}
