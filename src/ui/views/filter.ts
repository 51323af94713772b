import type { Namespace } from '../../model/namespace.ts';
import { onceForEach } from '../../model/once-for-each.ts';
import type { Process } from '../../model/process.ts';
import { otherHolders } from '../../text/namespaces.ts';
import type { Observation } from './observation.ts';
import { containerOfProcess, isolatedTypes, namespaceName } from './whose.ts';

/** Whether every word of a filter is in what is said of a namespace, of a process, or of a process in a namespace. */
export type Matches = (namespace: Namespace | undefined, process?: Process) => boolean;

/** Each text is searched once, however many pairs are asked for. */
export function matcher(filter: string, observation: Observation): Matches {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return () => true;
  const inNamespace = onceForEach((namespace: Namespace) => found(words, namespaceText(namespace, observation)));
  const inProcess = onceForEach((process: Process) => found(words, processText(process, observation)));
  return (namespace, process) => {
    const ofNamespace = namespace ? inNamespace(namespace) : undefined;
    const ofProcess = process ? inProcess(process) : undefined;
    return words.every((_, at) => ofNamespace?.[at] === true || ofProcess?.[at] === true);
  };
}

function found(words: readonly string[], text: string): readonly boolean[] {
  const lower = text.toLowerCase();
  return words.map((word) => lower.includes(word));
}

function namespaceText(namespace: Namespace, observation: Observation): string {
  const { type, inode, container } = namespace;
  const name = namespaceName(namespace, observation);
  return [type, inode, name, container?.kind, container?.name, otherHolders(namespace)].join(' ');
}

function processText(process: Process, observation: Observation): string {
  const container = containerOfProcess(process, observation);
  const { pid, comm, command } = process;
  return [pid, comm, command, container?.kind, container?.name, ...isolatedTypes(process, observation)].join(' ');
}
