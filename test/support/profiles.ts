import type { Profile } from '../../src/model/profile.ts';
import { loadProfiles, resolveProfile } from '../../src/profile/load.ts';

/** A complete profile as a file would give it, in a workspace at /ws. */
export function profileOf(settings: object, name = 'review'): Profile {
  const text = JSON.stringify({ profiles: { [name]: settings } });
  const loaded = loadProfiles([{ file: 'sandboxes.json', text, source: 'workspace' }]);
  return resolveProfile(loaded, name, { workspaceFolder: '/ws', env: {}, home: '/home/u' });
}
