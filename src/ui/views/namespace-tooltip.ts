import { messageOf } from '../../model/message-of.ts';
import type { Namespace } from '../../model/namespace.ts';
import { foundBy } from '../../model/namespace.ts';
import { containerText } from '../../text/containers.ts';
import { detailTexts } from '../../text/namespace-details.ts';
import { FOUND_WORDS, otherHolders } from '../../text/namespaces.ts';
import { code, facts, plain } from './markdown.ts';
import { TYPES } from './namespace-types.ts';
import type { Picture } from './picture.ts';
import { byPid, processesOf } from './process-rows.ts';

/** What is known of a namespace, as Markdown. What is in it is looked at when the tooltip is asked for. */
export async function namespaceTooltip(namespace: Namespace, name: string, picture: Picture): Promise<string> {
  const head = `**${namespace.type} namespace**, ${code(name)}`;
  const found = await picture.readDetails(namespace).catch((error: unknown) => ({ unknown: messageOf(error) }));
  const inside =
    'details' in found
      ? detailTexts(found.details).map(([what, text]) => [what, code(text)] as const)
      : [['what is in it', `not known: ${plain(found.unknown)}`] as const];
  const { knownUsers } = await import('../../discovery/users.ts');
  return [head, facts([...inside, ...surroundings(namespace, knownUsers(), picture)])].join('\n\n');
}

function surroundings(
  namespace: Namespace,
  names: ReadonlyMap<number, string>,
  { observation: { snapshot } }: Picture,
) {
  const { type, inode, pids, holders, relations, container } = namespace;
  const inside = processesOf(byPid(snapshot.processes), pids);
  const [first] = inside;
  const users = [...new Set(inside.map(({ uid }) => uid))].sort((a, b) => a - b);
  return [
    ['inode', `${inode}`],
    ['isolates', TYPES[type].isolates],
    ['found by', FOUND_WORDS[foundBy(namespace)]],
    ['processes', `${pids.length}`],
    ['users', users.length > 0 ? users.map((uid) => plain(names.get(uid) ?? `${uid}`)).join(', ') : undefined],
    ['first process', first && `${first.pid} ${code(cut(first.command || first.comm))}`],
    ['container', container && code(containerText(container))],
    ['held by', holders.length > 0 ? code(otherHolders(namespace)) : undefined],
    ['parent', relations?.parent === undefined ? undefined : `${relations.parent}`],
    ['owned by', relations?.owner === undefined ? undefined : `user namespace ${relations.owner}`],
    ['made by', relations?.ownerUid === undefined ? undefined : `user id ${relations.ownerUid}`],
  ] as const;
}

const LONGEST = 100;

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}
