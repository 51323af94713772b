import type { NamespaceType } from '../model/namespace.ts';
import type { Profile } from '../model/profile.ts';

/** Those of the types of which the sandbox makes a namespace for itself. */
export function newTypes(
  profile: Pick<Profile, 'namespaces'>,
  types: readonly NamespaceType[],
): readonly NamespaceType[] {
  return types.filter((type) => isNew(profile, type));
}

/** Whether the sandbox makes a namespace of this type for itself. */
export function isNew({ namespaces }: Pick<Profile, 'namespaces'>, type: NamespaceType): boolean {
  return namespaces[type].kind === 'new';
}
