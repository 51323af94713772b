import type { Container } from '../../../model/container.ts';
import type { Namespace } from '../../../model/namespace.ts';
import { containerText } from '../../../text/containers.ts';
import type { Picture } from '../picture.ts';
import type { Row } from '../row.ts';
import { grouped, groupRow } from './group-row.ts';

/** The namespaces under the container that they belong to; last those of none. */
export function rowsByContainer(picture: Picture): readonly Row[] {
  const groups = grouped(picture.namespaces, ({ container }) => container && containerText(container));
  const alone = groups.get(undefined) ?? [];
  return [
    ...[...groups]
      .flatMap(([, namespaces]) => {
        const container = namespaces[0]?.container;
        return container ? [{ container, namespaces }] : [];
      })
      .sort((a, b) => compare(a.container, b.container))
      .map(({ container, namespaces }) => containerRow(container, namespaces, picture)),
    ...(alone.length > 0 ? [groupRow('alone', 'In no container', 'circle-slash', alone, picture)] : []),
  ];
}

/** Units of systemd hold what is no container in the stricter sense: they come last. */
function compare(a: Container, b: Container): number {
  return Number(a.kind === 'systemd') - Number(b.kind === 'systemd') || (containerText(a) < containerText(b) ? -1 : 1);
}

function containerRow(container: Container, namespaces: readonly Namespace[], picture: Picture): Row {
  const { kind, name } = container;
  const group = groupRow(`container/${kind}/${name}`, name, ICONS[kind] ?? 'package', namespaces, picture);
  const description = `${kind} · ${group.description ?? ''}`;
  return {
    ...group,
    description,
    spoken: `${containerText(container)}, ${group.description ?? ''}`,
    subject: { kind: 'container', container },
  };
}

const ICONS: Readonly<Partial<Record<Container['kind'], string>>> = { sandbox: 'vm-running', systemd: 'gear' };
