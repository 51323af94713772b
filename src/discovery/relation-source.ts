import type { Namespace, Relations } from '../model/namespace.ts';
import { nameKey } from './held.ts';
import type { KernelCalls } from './kernel-calls.ts';
import type { SeenProcesses } from './sight.ts';
import { relate } from './relations.ts';

interface Known {
  readonly relations: Relations;
  readonly leader: object;
}

/**
 * Relations never change, but an inode is used again: what was asked holds as long as the first process
 * of the namespace is the one that was looked at then, and has not been elsewhere since.
 */
export function relationSource() {
  let before = new Map<string, Known>();
  return (namespaces: readonly Namespace[], seen: SeenProcesses, calls: KernelCalls): readonly Namespace[] => {
    const leaderOf = ({ pids: [first] }: Namespace): object | undefined =>
      first === undefined ? undefined : seen.get(first)?.process.namespaces;
    const related = relate(namespaces, calls, (namespace) => {
      const known = before.get(nameKey(namespace));
      return known && known.leader === leaderOf(namespace) ? known.relations : undefined;
    });
    before = new Map(
      related.flatMap((namespace) => {
        const [relations, leader] = [namespace.relations, leaderOf(namespace)];
        return relations && leader ? [[nameKey(namespace), { relations, leader }]] : [];
      }),
    );
    return related;
  };
}
