import { handlesOf } from '../discovery/handles.ts';
import { fail } from '../model/problem.ts';
import type { Namespace } from '../model/namespace.ts';
import { OPTIONS } from './enter.ts';
import { shellWord } from './script/quote.ts';

/**
 * A line to type that enters one namespace with the rights that one has, by whatever file leads into it (nsenter(1)).
 * @throws ProblemError `namespaceGone` where no file does: it is known only by its relatives or by a socket.
 */
export function nsenterCommand(namespace: Namespace): string {
  const { type, inode } = namespace;
  const [handle] = handlesOf(namespace);
  if (handle === undefined) return fail('namespaceGone', { type, inode });
  return `nsenter ${shellWord(`${OPTIONS[type]}=${handle}`)}`;
}
