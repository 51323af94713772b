import type { ProfileSource } from '../model/profile.ts';

/** Where a profile comes from, in words. */
export const SOURCE_NAMES: Readonly<Record<ProfileSource, string>> = {
  builtin: 'built in',
  user: 'your settings',
  workspace: 'this workspace',
};
