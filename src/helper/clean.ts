import { cleanLinks } from './links.ts';
import { cleanNetworkNamespaces } from './network-namespaces.ts';
import { changeState, hasState } from './run-folder.ts';
import type { Act } from './serve.ts';
import { cleanUplinks } from './uplinks.ts';

/** Removes what is left of networks that are gone, and what a killed helper has half made. */
export function clean(uid: number, act: Act): void {
  if (!hasState()) return;
  changeState(uid, () => {
    cleanLinks(uid, act);
    cleanNetworkNamespaces(uid, act);
    cleanUplinks(uid, act);
  });
}
