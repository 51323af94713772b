import { isRootInside, type IdPlan } from './ids.ts';

/**
 * Options of unshare(1) for a new user namespace. With a single id it writes the maps itself; who is not root inside keeps the
 * capabilities for the set-up.
 */
export function mapOptions(ids: IdPlan): readonly string[] {
  if (ids.kind !== 'single') return ['--keep-caps'];
  const [uid, gid] = [ids.uids[0]?.inside, ids.gids[0]?.inside];
  if (uid === 0 && gid === 0) return ['--map-root-user'];
  return [`--map-user=${uid}`, `--map-group=${gid}`, ...(isRootInside(ids) ? [] : ['--keep-caps'])];
}
