import type { Holder, NamespaceName } from '../model/namespace.ts';

/** That a namespace is held, and by what. */
export interface Held extends NamespaceName {
  readonly holder: Holder;
}

/** A key of maps for a namespace. */
export function nameKey({ type, inode }: NamespaceName): string {
  return `${type} ${inode}`;
}
