import type { Process } from '../../model/process.ts';

/**
 * The roots of a cgroup namespace, from where a process is as seen from outside and as seen inside (cgroup_namespaces(7)).
 * A process that is not beneath the root (`/../…` inside) does not tell it.
 */
export function cgroupRoots(outside: Process['cgroups'], inside: Process['cgroups']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(outside).flatMap(([key, path]) => {
      const root = rootOf(path, inside[key]);
      return root === undefined ? [] : [[key, root]];
    }),
  );
}

function rootOf(outside: string, inside: string | undefined): string | undefined {
  if (inside === undefined || inside.startsWith('/..')) return undefined;
  if (inside === '/') return outside;
  return outside.endsWith(inside) ? outside.slice(0, -inside.length) || '/' : undefined;
}
