import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { isBelow, realPath } from '../host/paths.ts';
import { fail } from '../model/problem.ts';
import type { Mount, Profile, Rootfs } from '../model/profile.ts';
import type { SandboxNote } from '../model/sandbox.ts';
import { homeFolder, type CallerFolders } from '../state/folders.ts';
import { placeholdersOf } from '../state/records.ts';
import type { FirstCommand } from './gates.ts';
import { idsInside, identityOf } from './identity.ts';
import { canMapRanges, planIds, type IdPlan } from './ids.ts';
import { sharedNotes } from './outside.ts';
import type { LabPlan } from './lab/open-lab.ts';
import { idsWithin } from './parent-ids.ts';
import { plainName } from './plain-name.ts';
import { planSandbox, type Plan } from './plan.ts';
import { prepareSeccomp } from './seccomp/prepare.ts';
import { resolveSharing } from './shared-namespaces.ts';
import { asksForInternet } from './way-out.ts';

export interface LaunchRequest {
  readonly profile: Profile;
  readonly workspaceFolder: string | undefined;
  /** Whether it is to be kept ready for later. */
  readonly spare?: boolean;
  /** A command that PID 1 starts itself, on these streams. Not with `init`, nor in a sandbox that stays. */
  readonly first?: Pick<FirstCommand, 'words' | 'streams'> | undefined;
  /** Gives the start up: what there is of it is taken back, and it is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * The plan of a request: its root file system is in the store, everything about the host is looked up.
 * @throws ProblemError for what the host cannot give.
 */
export async function makePlan(
  { profile: asked, workspaceFolder }: LaunchRequest,
  id: string,
  folders: CallerFolders,
  lab: LabPlan | undefined,
): Promise<{ plan: Plan; notes: readonly SandboxNote[] }> {
  const { profile, sharing } = await resolveSharing(asked, folders.uid);
  refuseWhatShowsTooMuch(profile, workspaceFolder, folders);
  const wish = { ids: profile.ids, user: idsInside(profile.user, folders) };
  const ids = idsWithin(planIds(folders.uid, folders.gid, wish), lab?.hubIds ?? sharing.parent, profile.ids);
  const { lower, notes } = await lowerOf(profile.rootfs, ids, folders);
  const { plan: seccomp, missing } = await prepareSeccomp(profile, [
    join(folders.state, 'seccomp'),
    join(folders.runtime, '.seccomp'),
  ]);
  const plan = await planSandbox({
    id,
    profile,
    workspaceFolder,
    ids,
    identity: identityOf(profile.user, { ...folders, home: homeFolder() }, lower ?? '/'),
    sharing,
    lab,
    lower,
    layers: join(folders.state, 'layers', id),
    folder: join(folders.runtime, id),
    bareRoots: folders.bareRoots,
    seccomp,
    keptHome: join(folders.state, 'homes', keptHomeName(profile.name, workspaceFolder)),
    placeholders: profile.workspace === 'rw' ? placeholdersOf(folders.runtime, () => true) : new Set(),
  });
  requireRemovable(plan);
  return { plan, notes: [...notes, ...notesOf(plan), ...noFilter(missing)] };
}

/** What a mount of these shows is every process of this machine, and what its kernel can be told. */
function refuseKernelFolders(path: string): void {
  const real = realPath(path);
  if (['/proc', '/sys'].some((folder) => real === folder || isBelow(real, folder))) fail('kernelFolderShown', { path });
}

function refuseWhatShowsTooMuch(profile: Profile, workspaceFolder: string | undefined, folders: CallerFolders): void {
  const { mounts, tools, rootfs } = profile;
  const shown = [...mounts.flatMap(hostPathOf), ...tools, ...(rootfs.kind === 'directory' ? [rootfs.path] : [])];
  for (const path of shown) refuseOwnFolders(path, folders);
  for (const path of shown) refuseKernelFolders(path);
  for (const path of tools) if (holds(path, homeFolder())) fail('toolsTooWide', { path, home: homeFolder() });
  if (profile.workspace === 'none') return;
  if (workspaceFolder === undefined) return fail('workspaceNeeded', { profile: profile.name });
  if (holds(workspaceFolder, homeFolder())) fail('workspaceTooWide', { path: workspaceFolder, home: homeFolder() });
  refuseOwnFolders(workspaceFolder, folders);
  refuseKernelFolders(workspaceFolder);
}

/** The helper maps ids, but removes no tree: what layers leave needs the programs that map. */
function requireRemovable({ ids, overlays }: Plan): void {
  if (ids.kind === 'ranges' && overlays.length > 0 && !canMapRanges()) fail('idRangesMissing', { missing: 'programs' });
}

function noFilter(reason: string | undefined): readonly SandboxNote[] {
  return reason === undefined ? [] : [{ note: 'seccompMissing', reason }];
}

function notesOf({ profile, wayOut, lab }: Plan): readonly SandboxNote[] {
  const { namespaces, workspaceMissing } = profile;
  const isOffline =
    lab?.internet === undefined ? asksForInternet(profile) && wayOut === undefined : !lab.internet.command;
  return [
    ...(workspaceMissing ? [{ note: 'workspaceMissing' } as const] : []),
    ...(namespaces.net.kind === 'host' ? [{ note: 'hostNetwork' } as const] : []),
    ...(isOffline ? [{ note: 'offline' } as const] : []),
    ...sharedNotes(namespaces),
  ];
}

function hostPathOf(mount: Mount): readonly string[] {
  if (mount.kind === 'bind') return [mount.bind];
  return mount.kind === 'overlay' ? [mount.overlay] : [];
}

/** One for each profile and workspace: what one project leaves in its home must not run in another. */
function keptHomeName(profile: string, workspaceFolder: string | undefined): string {
  const place = createHash('sha256')
    .update(`${profile}\0${workspaceFolder ?? ''}`)
    .digest('hex')
    .slice(0, 12);
  return `${plainName(profile, 'sandbox')}-${place}`;
}

/** What runs inside would change the scripts with which its own terminals are opened outside, or another sandbox. */
function refuseOwnFolders(path: string, { runtime, state, data }: CallerFolders): void {
  const real = realPath(path);
  for (const folder of [runtime, state, data].map(realPath)) {
    if (real === folder || isBelow(folder, real) || isBelow(real, folder)) fail('ownFoldersShown', { path, folder });
  }
}

/** A folder at or above the home would show every key and token in it. */
function holds(path: string, home: string): boolean {
  const [folder, inner] = [realPath(path), realPath(home)];
  return home !== '' && (folder === inner || isBelow(inner, folder));
}

async function lowerOf(
  rootfs: Rootfs,
  ids: IdPlan,
  folders: CallerFolders,
): Promise<{ lower: string | undefined; notes: readonly SandboxNote[] }> {
  if (rootfs.kind === 'host') return { lower: undefined, notes: [] };
  const { prepareRootfs } = await import('./rootfs/prepare.ts');
  return prepareRootfs(rootfs, { dataFolder: folders.data, ids });
}

/** The profile's name as far as an id may hold it, and six digits that tell its sandboxes apart. */
export function newId(profile: string): string {
  return `${plainName(profile, 'sandbox')}-${randomBytes(3).toString('hex')}`;
}
