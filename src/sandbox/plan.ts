import { chownSync, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isWithin } from '../host/paths.ts';
import { fail } from '../model/problem.ts';
import { isNew } from './choices.ts';
import type { BindMount, Mount, Profile } from '../model/profile.ts';
import type { Pinned } from '../model/sandbox.ts';
import { makeOpenFolder } from '../state/folders.ts';
import type { Placeholder } from '../state/records.ts';
import { splitBareRoot, type BareRoot } from './bare-root.ts';
import { planClocks } from './clocks.ts';
import { closedPaths } from './closed-paths.ts';
import { findSource } from './sources.ts';
import { HELD, holdMounts, needsHeldMounts, type HeldMounts } from './held-mounts.ts';
import { hostRoot } from './host-root.ts';
import { outsideOf, type IdPlan } from './ids.ts';
import { ownedBy, type Identity } from './identity.ts';
import { planLandlock, type LandlockPlan } from './landlock.ts';
import { planLimits, type LimitsPlan } from './limits/plan-limits.ts';
import { boundMounts, userLimits } from './limits/without-cgroups.ts';
import {
  bindFile,
  bindFolder,
  isReadOnly,
  joinMountPlans,
  NO_MOUNTS,
  remountReadOnly,
  seenAt,
  tmpfs,
  type MountPlan,
} from './mounts.ts';
import { overlayFolders, overlayMount, type Overlay } from './overlays.ts';
import { requireRlimits } from './rlimits.ts';
import { hostsMounts } from './lab/hosts.ts';
import type { LabPlan } from './lab/open-lab.ts';
import type { SeccompPlan } from './seccomp/prepare.ts';
import type { Sharing } from './shared-namespaces.ts';
import { systemMounts } from './system-mounts.ts';
import { closedCapabilities, planWayOut, resolverMounts, type WayOut } from './way-out.ts';
import { toolchainsOf, type Toolchains } from './toolchains.ts';
import { planWorkspace } from './workspace.ts';

/** Everything the start script and the join script say, worked out before anything runs. */
export interface Plan {
  readonly id: string;
  readonly profile: Profile;
  readonly limits: LimitsPlan;
  readonly ids: IdPlan;
  readonly identity: Identity;
  readonly sharing: Sharing;
  /** What the kernel counts for its user namespace, by the files of /proc/sys/user. */
  readonly userLimits: Readonly<Record<string, number>>;
  /** Holds the user namespace of the sandbox where that is made before the script; the script makes one otherwise. */
  readonly userNamespace?: Pinned;
  /** Private folder of this sandbox on the host; its subfolder `root` becomes `/`. */
  readonly folder: string;
  /** Whether the root file system is not the machine's own: it is the first of the overlays then. */
  readonly foreign: boolean;
  readonly overlays: readonly Overlay[];
  /** Folder for the layers of the overlays. */
  readonly layers: string;
  /** Folders outside in which what it writes lies on a disk. */
  readonly disk: readonly string[];
  /** What the mounts of the `host` root stand on; undefined with another root. */
  readonly bare: BareRoot | undefined;
  readonly mounts: MountPlan;
  /** How they are divided where root inside may mount. */
  readonly held: HeldMounts | undefined;
  readonly placeholders: readonly Placeholder[];
  /** Patterns of gitignore(5) for them. */
  readonly ignored: readonly string[];
  /** Options of unshare(1) for the clocks of its own time namespace. */
  readonly clocks: readonly string[];
  /** Undefined without a way out to the internet. */
  readonly wayOut: WayOut | undefined;
  /** Undefined in no lab. */
  readonly lab: LabPlan | undefined;
  /** How the user's own programs are found inside. */
  readonly toolchains: Toolchains;
  /** The seccomp filter of every process, if there is one. */
  readonly seccomp: SeccompPlan | undefined;
  /** The rules of Landlock of a terminal, if there are any. */
  readonly landlock: LandlockPlan | undefined;
  /** Where a terminal starts inside. */
  readonly cwd: string;
  /** The first of these that is there is the shell of a terminal. */
  readonly shells: readonly string[];
}

export interface PlanRequest {
  readonly id: string;
  readonly profile: Profile;
  readonly workspaceFolder: string | undefined;
  readonly ids: IdPlan;
  readonly identity: Identity;
  readonly sharing: Sharing;
  readonly lab: LabPlan | undefined;
  readonly folder: string;
  /** Folder of all bare roots. */
  readonly bareRoots: string;
  /** Folder of the root file system; undefined with the `host` root. */
  readonly lower: string | undefined;
  readonly layers: string;
  /** Host folder of the profile's kept home. */
  readonly keptHome: string;
  /** Paths that other sandboxes have put into a workspace, also those that have just ended. */
  readonly placeholders: ReadonlySet<string>;
  readonly seccomp: SeccompPlan | undefined;
}

/**
 * Turns a profile into a plan by looking at this host; nothing is changed yet but the kept home, which is made.
 * @throws ProblemError for whatever the profile asks for and the host cannot give.
 */
export async function planSandbox(request: PlanRequest): Promise<Plan> {
  const { profile, ids, identity, sharing, folder, lower, layers, seccomp } = request;
  const foreign = lower !== undefined;
  await requireRlimits(profile.rlimits);
  const limits = planLimits(profile.limits);
  const wayOut = await planWayOut(profile);
  const workspaceFolder = request.workspaceFolder === undefined ? undefined : realpathSync(request.workspaceFolder);
  const workspace = planWorkspace({
    folder: workspaceFolder,
    access: profile.workspace,
    ids,
    inUse: request.placeholders,
  });
  const untrusted = untrustedFolders(request, workspaceFolder);
  const overlays = overlaysOf(request, untrusted);
  const tools = profile.tools.filter((path) => isReachable(path, ids));
  const parts = joinMountPlans([
    foreign ? overlayAt('/', overlays, layers) : hostRoot(),
    systemMounts({ ownNetwork: isNew(profile, 'net'), ownQueues: isNew(profile, 'ipc'), ownDev: foreign }),
    homeMount(request),
    ...tools.map((path) => toolchain(path, untrusted)),
    workspace.mounts,
    resolverMounts({ wayOut, lab: request.lab }, folder, foreign),
    hostsMounts(request.lab, folder, foreign),
    ...profile.mounts.map((mount) => mountOf(mount, untrusted, overlays, layers)),
    profile.readOnly && foreign ? { ...NO_MOUNTS, last: [remountReadOnly('/')] } : NO_MOUNTS,
  ]);
  const open = boundMounts(parts, limits.values);
  const world = { mounts: open, overlays, foreign };
  const closed = closedPaths(profile, world);
  const all = joinMountPlans([open, closed]);
  const { bare, mounts } = foreign ? { bare: undefined, mounts: all } : splitBareRoot(all, request.bareRoots, ids);
  const held = needsHeldMounts(profile, identity) ? holdMounts(mounts, folder) : undefined;
  if (held) requireHeld(held, closed, request);
  return {
    id: request.id,
    profile: closedCapabilities(profile),
    limits,
    ids,
    identity,
    sharing,
    userLimits: userLimits(),
    folder,
    foreign,
    overlays,
    layers,
    disk: [...(profile.home === 'kept' ? [request.keptHome] : []), ...(overlays.length > 0 ? [layers] : [])],
    bare,
    mounts,
    held,
    placeholders: workspace.placeholders,
    ignored: workspace.ignored,
    seccomp,
    landlock: await planLandlock(profile.landlock, world),
    clocks: isNew(profile, 'time') ? await planClocks(profile) : [],
    wayOut,
    lab: request.lab,
    toolchains: toolchainsOf(tools),
    cwd: profile.cwd ?? (profile.workspace === 'none' ? undefined : workspaceFolder) ?? identity.home,
    shells: profile.shell === undefined ? usualShells(process.env.SHELL) : [profile.shell],
  };
}

/** The one that the caller is used to comes first. */
function usualShells(own: string | undefined): readonly string[] {
  const usual = ['/bin/bash', '/usr/bin/bash', '/bin/ash', '/bin/sh'];
  return own?.startsWith('/') === true ? [own, ...usual.filter((path) => path !== own)] : usual;
}

/** Folders that a sandbox needs before its script passes the first gate, those around others first. */
export function foldersOf({ folder, held, overlays, layers }: Plan): readonly string[] {
  const own = ['root', 'scratch', ...(held ? [HELD] : [])].map((name) => join(folder, name));
  return [...own, ...overlayFolders(overlays, layers)];
}

/**
 * Root inside, who may mount, takes away what hides or closes a file system of the sandbox's own, and evades it where it can write.
 * @throws ProblemError `workspaceNotHeld`, `readOnlyNotHeld`.
 */
function requireHeld(
  { firm }: HeldMounts,
  { second, last }: MountPlan,
  { profile, lower, workspaceFolder }: PlanRequest,
) {
  if (profile.workspace === 'rw' && workspaceFolder !== undefined) fail('workspaceNotHeld', { path: workspaceFolder });
  const lost = [...second, ...last]
    .filter((entry) => isReadOnly(entry) && !firm.has(entry))
    .map(({ target }) => target);
  const paths = profile.readOnly && lower !== undefined ? [...lost, '/'] : lost;
  if (paths.length > 0) fail('readOnlyNotHeld', { paths: [...new Set(paths)] });
}

function homeMount({ profile, identity, keptHome, ids }: PlanRequest): MountPlan {
  const { home } = identity;
  if (profile.home === 'empty') return { ...NO_MOUNTS, first: [ownedBy(tmpfs(home, '700'), identity, ids)] };
  makeOpenFolder(dirname(keptHome));
  mkdirSync(keptHome, { recursive: true, mode: 0o700 });
  if (ids.kind === 'shifted') giveTo(identity, ids, keptHome);
  const real = realpathSync(keptHome);
  return { ...NO_MOUNTS, first: [bindFolder(real, home, 'rw', seenAt(real))] };
}

function giveTo({ uid, gid }: Identity, { uids, gids }: IdPlan, path: string): void {
  chownSync(path, outsideOf(uid, uids) ?? -1, outsideOf(gid, gids) ?? -1);
}

/** The own folders of a user may be links of that user's, but none that a sandbox or a repository could have made. */
function toolchain(path: string, untrusted: readonly string[]): MountPlan {
  const isOwn = !untrusted.some((folder) => isWithin(path, folder));
  const real = isOwn ? realpathSync(path) : findSource(path, untrusted).path;
  return { ...NO_MOUNTS, first: [bindFolder(real, path, 'ro', seenAt(real))] };
}

/** What a sandbox can write to, and what a repository holds. */
function untrustedFolders({ profile, workspaceFolder, keptHome }: PlanRequest, real: string | undefined) {
  const writable = profile.mounts.flatMap((mount) => (mount.kind === 'bind' && !mount.readOnly ? [mount.bind] : []));
  return [keptHome, ...writable, ...[workspaceFolder, real].filter((folder) => folder !== undefined)];
}

/** The root file system comes first, because the others are mounted on it. */
function overlaysOf({ profile, lower, ids }: PlanRequest, untrusted: readonly string[]): readonly Overlay[] {
  const root = lower === undefined ? [] : [{ ...rootFolder(profile, lower, untrusted), target: '/' }];
  const others = profile.mounts.flatMap((mount) =>
    mount.kind === 'overlay' ? [{ ...usableFolder(mount.overlay, ids, untrusted), target: mount.to }] : [],
  );
  return [...root, ...others];
}

/** A folder of the user's may lie where a sandbox can write; the others are in the store. */
function rootFolder({ rootfs }: Profile, lower: string, untrusted: readonly string[]): Pick<Overlay, 'lower' | 'seen'> {
  if (rootfs.kind !== 'directory') return { lower: realpathSync(lower), seen: seenAt(lower) };
  const { path, seen } = findSource(rootfs.path, untrusted);
  return { lower: path, seen };
}

function usableFolder(path: string, ids: IdPlan, untrusted: readonly string[]): Pick<Overlay, 'lower' | 'seen'> {
  const source = findSource(path, untrusted);
  if (!source.isFolder) fail('bindSourceMissing', { path });
  if (!isReachable(source.path, ids)) fail('bindSourceClosed', { path });
  return { lower: source.path, seen: source.seen };
}

function overlayAt(path: string, overlays: readonly Overlay[], layers: string): MountPlan {
  const index = overlays.findIndex(({ target }) => target === path);
  const overlay = overlays[index];
  return { ...NO_MOUNTS, first: overlay === undefined ? [] : [overlayMount(overlay, index, layers)] };
}

function mountOf(mount: Mount, untrusted: readonly string[], overlays: readonly Overlay[], layers: string): MountPlan {
  if (mount.kind === 'bind') return bindMount(mount, untrusted);
  if (mount.kind === 'overlay') return overlayAt(mount.to, overlays, layers);
  return mount.kind === 'tmpfs' ? { ...NO_MOUNTS, first: [tmpfs(mount.to, '1777', mount.size)] } : NO_MOUNTS;
}

function bindMount({ bind, to, readOnly }: BindMount, untrusted: readonly string[]): MountPlan {
  const { path, seen, isFolder } = findSource(bind, untrusted);
  const access = readOnly ? 'ro' : 'rw';
  if (isFolder) return { ...NO_MOUNTS, first: [bindFolder(path, to, access, seen)] };
  const second = [bindFile(path, to, [access, 'nosuid', 'nodev'], seen)];
  return { ...NO_MOUNTS, folders: [dirname(to)], files: [to], second };
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
