import type { NamespaceType } from '../model/namespace.ts';
import type { Profile } from '../model/profile.ts';

/** Whether the sandbox makes a namespace of this type for itself. */
export function isNew({ namespaces }: Pick<Profile, 'namespaces'>, type: NamespaceType): boolean {
  return namespaces[type].kind === 'new';
}
