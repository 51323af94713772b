import { chownSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostMounts, type HostMount } from '../host/mounts.ts';
import { hostTools } from '../host/tools.ts';
import { fail } from '../model/problem.ts';
import { isNew } from './choices.ts';
import type { BindMount, Mount, Profile } from '../model/profile.ts';
import { BARE_FOLDERS, splitBareRoot, type BareRoot } from './bare-root.ts';
import { foreignToolCommand, hostToolCommand, toolMounts, type ToolCommand } from './foreign-tools.ts';
import { hostRoot, readOnlyTree } from './host-root.ts';
import { SHIFTED_BASE, type IdPlan } from './ids.ts';
import { bindFile, bindFolder, joinMountPlans, NO_MOUNTS, tmpfs, type MountPlan } from './mounts.ts';
import { systemMounts } from './system-mounts.ts';
import { closedCapabilities, planWayOut, resolverMounts, type WayOut } from './way-out.ts';
import { planWorkspace, type Placeholder } from './workspace.ts';

/** Everything the start script and the join script say, worked out before anything runs. */
export interface Plan {
  readonly id: string;
  readonly profile: Profile;
  readonly ids: IdPlan;
  /** Private folder of this sandbox on the host; its subfolder `root` becomes `/`. */
  readonly folder: string;
  /** The root file system under a private upper layer; undefined with the `host` root. */
  readonly overlay: Overlay | undefined;
  /** What the mounts of the `host` root stand on; undefined with another root. */
  readonly bare: BareRoot | undefined;
  readonly mounts: MountPlan;
  readonly placeholders: readonly Placeholder[];
  /** Undefined without a way out to the internet. */
  readonly wayOut: WayOut | undefined;
  readonly tool: ToolCommand;
  /** Where a terminal starts inside. */
  readonly cwd: string;
}

export interface Overlay {
  readonly lower: string;
  /** Folder of this sandbox with the subfolders `upper` and `work`. */
  readonly layers: string;
}

export interface PlanRequest {
  readonly id: string;
  readonly profile: Profile;
  readonly workspaceFolder: string | undefined;
  readonly ids: IdPlan;
  readonly folder: string;
  readonly overlay: Overlay | undefined;
  /** Host folder of the profile's kept home. */
  readonly keptHome: string;
}

export const HOME_INSIDE = '/root';

/**
 * Turns a profile into a plan by looking at this host; nothing is changed yet but the kept home, which is made.
 * @throws ProblemError for whatever the profile asks for and the host cannot give.
 */
export async function planSandbox(request: PlanRequest): Promise<Plan> {
  const { profile, ids, overlay } = request;
  const wayOut = await planWayOut(profile);
  const mounted = hostMounts();
  const workspaceFolder = request.workspaceFolder === undefined ? undefined : realpathSync(request.workspaceFolder);
  const workspace = planWorkspace(workspaceFolder, profile.workspace, ids, mounted);
  const all = joinMountPlans([
    overlay === undefined ? hostRoot(request.folder, mounted) : NO_MOUNTS,
    systemMounts({ ownNetwork: isNew(profile, 'net'), ownDev: overlay !== undefined }),
    overlay === undefined ? NO_MOUNTS : toolMounts(await hostTools()),
    homeMount(profile, request.keptHome, ids),
    ...profile.tools.filter((path) => isReachable(path, ids)).map((path) => toolchain(path, mounted)),
    workspace.mounts,
    resolverMounts(wayOut, request.folder, overlay !== undefined),
    ...profile.mounts.map((mount) => mountOf(mount, mounted)),
  ]);
  const { bare, mounts } = overlay === undefined ? splitBareRoot(all) : { bare: undefined, mounts: all };
  return {
    id: request.id,
    profile: closedCapabilities(profile),
    ids,
    folder: request.folder,
    overlay,
    bare,
    mounts,
    placeholders: workspace.placeholders,
    wayOut,
    tool: overlay === undefined ? hostToolCommand : foreignToolCommand,
    cwd: profile.cwd ?? (profile.workspace === 'none' ? undefined : workspaceFolder) ?? HOME_INSIDE,
  };
}

/** Folders that a sandbox needs before its script passes the first gate, those around others first. */
export function foldersOf({ folder, overlay }: Plan): readonly string[] {
  const own = ['root', 'scratch', ...(overlay === undefined ? BARE_FOLDERS : ['lower'])].map((name) =>
    join(folder, name),
  );
  if (overlay === undefined) return own;
  return [...own, overlay.layers, join(overlay.layers, 'upper'), join(overlay.layers, 'work')];
}

function homeMount(profile: Profile, keptHome: string, ids: IdPlan): MountPlan {
  if (profile.home === 'empty') return { ...NO_MOUNTS, first: [tmpfs(HOME_INSIDE, '700')] };
  mkdirSync(dirname(keptHome), { recursive: true, mode: 0o711 });
  mkdirSync(keptHome, { recursive: true, mode: 0o700 });
  if (ids.kind === 'shifted') chownSync(keptHome, SHIFTED_BASE, SHIFTED_BASE);
  return { ...NO_MOUNTS, first: [bindFolder(keptHome, HOME_INSIDE, false)] };
}

function toolchain(path: string, mounted: readonly HostMount[]): MountPlan {
  return { ...NO_MOUNTS, first: readOnlyTree(realpathSync(path), path, mounted) };
}

function mountOf(mount: Mount, mounted: readonly HostMount[]): MountPlan {
  if (mount.kind === 'bind') return bindMount(mount, mounted);
  throw new Error(`mounts of kind ${mount.kind} come next`);
}

function bindMount({ bind, to, readOnly }: BindMount, mounted: readonly HostMount[]): MountPlan {
  const stat = statSync(bind, { throwIfNoEntry: false }) ?? fail('bindSourceMissing', { path: bind });
  const source = realpathSync(bind);
  if (stat.isDirectory()) {
    const first = readOnly ? readOnlyTree(source, to, mounted) : [bindFolder(source, to, false)];
    return { ...NO_MOUNTS, first };
  }
  const options = [readOnly ? 'ro' : 'rw', 'nosuid', 'nodev'];
  return { ...NO_MOUNTS, folders: [dirname(to)], files: [to], second: [bindFile(source, to, options)] };
}

/** Root's own folders are closed to the shifted ids that stand for root inside. */
function isReachable(path: string, ids: IdPlan): boolean {
  if (!existsSync(path)) return false;
  if (ids.kind !== 'shifted') return true;
  for (let folder = path; folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
}
