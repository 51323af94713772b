import { NAMESPACE_TYPES, type Namespace } from '../../../model/namespace.ts';
import { namespaceRow } from '../namespace-row.ts';
import { TYPES } from '../namespace-types.ts';
import type { Picture } from '../picture.ts';
import { paged, row, type Row } from '../row.ts';
import { isYours } from '../whose.ts';

/** Every namespace under its type. */
export function rowsByType(picture: Picture): readonly Row[] {
  const { choice, namespaces } = picture;
  return NAMESPACE_TYPES.map((type) => {
    const ofType = namespaces.filter((namespace) => namespace.type === type);
    const besides = choice.hostShown ? '' : ' besides the host’s';
    return row({
      id: type,
      label: type,
      description: `${ofType.length}${besides}`,
      spoken: `${type} namespaces, ${ofType.length}${besides}`,
      icon: TYPES[type].icon,
      opening: ofType.length > 0 ? 'collapsed' : 'leaf',
      tooltip: () => `${type} namespaces isolate ${TYPES[type].isolates}.`,
      children: () =>
        paged(type, yoursFirst(ofType, picture), (page, namespace) => namespaceRow(page, namespace, picture)),
    });
  });
}

function yoursFirst(namespaces: readonly Namespace[], { observation }: Picture): readonly Namespace[] {
  const yours = (namespace: Namespace): boolean => isYours(namespace, observation);
  return [...namespaces.filter(yours), ...namespaces.filter((namespace) => !yours(namespace))];
}
