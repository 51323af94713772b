import { problem, type Problem } from '../model/problem.ts';
import type { Mount, Profile, Rootfs } from '../model/profile.ts';
import { THROWAWAY } from './builtin.ts';
import type { Entry } from './catalog.ts';
import { latest, written, type Chain } from './chain.ts';
import type { Path } from './document.ts';
import type { Expander, ProfileContext } from './expand.ts';
import { parseBytes } from './limits.ts';
import type { FileProfile } from './schema.ts';

/** The root file system at an absolute path: an archive if the name says so. */
export function rootfsAt(path: string): Rootfs {
  return /\.(?:tar|tar\.gz|tgz|tar\.xz)$/.test(path)
    ? { kind: 'tar', path, sha256: undefined }
    : { kind: 'directory', path };
}

export function rootfsOf(chain: Chain, expander: Expander): Rootfs {
  const said = latest(chain, 'rootfs');
  if (!said || said.value === 'host') return { kind: 'host' };
  const { value, by } = said;
  if (typeof value === 'string') return rootfsAt(expander.hostPath(written(value, by, ['rootfs'])));
  const path = expander.hostPath(written(value.tar, by, ['rootfs', 'tar']));
  return { kind: 'tar', path, sha256: value.sha256?.toLowerCase() };
}

/** What a file asks for is meant. A built-in profile also serves a window without a folder; then the sandbox says what it lacks. */
export function workspaceOf(
  profile: string,
  chain: Chain,
  context: ProfileContext,
  report: (problem: Problem) => void,
): Pick<Profile, 'workspace' | 'workspaceMissing'> {
  const { value = THROWAWAY.workspace, by } = latest(chain, 'workspace') ?? {};
  if (value === 'none' || context.workspaceFolder !== undefined) return { workspace: value, workspaceMissing: false };
  if (by && by.source !== 'builtin') report(problem('workspaceNeeded', { profile }, by.place(['workspace'])));
  return { workspace: 'none', workspaceMissing: true };
}

export function toolsOf(chain: Chain, expander: Expander): readonly string[] {
  const said = latest(chain, 'tools');
  return said?.value.map((path, index) => expander.hostPath(written(path, said.by, ['tools', index]))) ?? [];
}

type WrittenMount = NonNullable<FileProfile['mounts']>[number];

export function mountsOf(chain: Chain, expander: Expander): readonly Mount[] {
  const said = latest(chain, 'mounts');
  return said?.value.map((mount, index) => mountOf(mount, said.by, ['mounts', index], expander)) ?? [];
}

/** The schema has seen to it that one kind is there, with the keys that belong to it. */
function mountOf(mount: WrittenMount, by: Entry, path: Path, expander: Expander): Mount {
  const host = (key: 'bind' | 'overlay'): string => expander.hostPath(written(mount[key] ?? '', by, [...path, key]));
  const inside = (key: 'to' | 'tmpfs' | 'mask'): string =>
    expander.insidePath(written(mount[key] ?? '', by, [...path, key]));
  if (mount.mask !== undefined) return { kind: 'mask', mask: inside('mask') };
  if (mount.overlay !== undefined) return { kind: 'overlay', overlay: host('overlay'), to: inside('to') };
  if (mount.bind !== undefined)
    return { kind: 'bind', bind: host('bind'), to: inside('to'), readOnly: mount.readOnly ?? false };
  const size = mount.size === undefined ? undefined : parseBytes(mount.size);
  return { kind: 'tmpfs', to: inside('tmpfs'), size };
}

/** Lists of paths inside: the nearest profile's. */
export function insidePathsOf(
  chain: Chain,
  key: 'maskedPaths' | 'readOnlyPaths',
  expander: Expander,
): readonly string[] {
  const said = latest(chain, key);
  return said?.value.map((path, index) => expander.insidePath(written(path, said.by, [key, index]))) ?? [];
}

export function insidePathOf(chain: Chain, key: 'cwd' | 'shell', expander: Expander): string | undefined {
  const said = latest(chain, key);
  return said && expander.insidePath(written(said.value, said.by, [key]));
}
