import { createHash, randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { startTimeOf } from '../discovery/pin.ts';
import { PROGRAMS, requireLinux, requireProgram, type ProgramName } from '../host/programs.ts';
import { fail } from '../model/problem.ts';
import type { Profile, Rootfs } from '../model/profile.ts';
import type { LimitsGiven, Sandbox, SandboxNote } from '../model/sandbox.ts';
import { createSandboxFolder, writeRecord, type SandboxRecord } from '../state/records.ts';
import { requireFreePorts } from '../network/free-ports.ts';
import type { CallerFolders } from '../state/folders.ts';
import { makeBareRoot } from './bare-root.ts';
import { callerFolders } from './caller.ts';
import { runGated, type GatedScript } from './gates.ts';
import { planIds, SHIFTED_BASE, writeIdMaps, type IdPlan } from './ids.ts';
import { joinScript } from './join-script.ts';
import type { HelperSession } from '../elevation/session.ts';
import { memoryKillCounter } from '../cgroup/limits.ts';
import { prepareLimits } from './limits/prepare.ts';
import type { PreparedLimits } from './limits/prepared.ts';
import { foldersOf, planSandbox, type Overlay, type Plan } from './plan.ts';
import { removeRemains, sweep } from './remains.ts';
import { startScript } from './start-script.ts';
import { asksForWayOut, wayOutProcess } from './way-out.ts';
import { makePlaceholders } from './workspace.ts';

export interface LaunchRequest {
  readonly profile: Profile;
  readonly workspaceFolder: string | undefined;
}

/** A sandbox that this process has started. */
export interface Launched {
  readonly sandbox: Sandbox;
  /** Resolves once the sandbox has ended and everything of it is removed. */
  readonly ended: Promise<void>;
  /** Ends a sandbox of lifetime `terminal` or `window`; one that lives `untilStopped` stays. */
  readonly release: () => void;
}

/**
 * Starts a sandbox: all that its profile asks for, or nothing.
 * @throws ProblemError with the cause; every earlier step is undone by then.
 */
export async function launchSandbox(request: LaunchRequest, session: HelperSession): Promise<Launched> {
  requireHost();
  const folders = callerFolders();
  await sweep(folders, session);
  await requireFreePorts(request.profile.network.publish);
  const { plan, notes } = await makePlan(request, newId(request.profile.name), folders);
  return start({ plan, notes, session, folders, workspaceFolder: request.workspaceFolder });
}

/**
 * The plan of a request: its root file system is in the store, everything about the host is looked up.
 * @throws ProblemError for what the host cannot give.
 */
export async function makePlan(
  { profile, workspaceFolder }: LaunchRequest,
  id: string,
  folders: CallerFolders,
): Promise<{ plan: Plan; notes: readonly SandboxNote[] }> {
  if (profile.workspace !== 'none' && workspaceFolder === undefined) fail('workspaceNeeded', { profile: profile.name });
  if (profile.workspace !== 'none' && workspaceFolder !== undefined) refuseWholeHome(workspaceFolder, homedir());
  const ids = planIds(folders.uid, folders.gid);
  const { overlay, notes } = await overlayOf(profile.rootfs, id, ids, folders);
  const plan = await planSandbox({
    id,
    profile,
    workspaceFolder,
    ids,
    overlay,
    folder: join(folders.runtime, id),
    keptHome: join(folders.state, 'homes', keptHomeName(profile.name, workspaceFolder)),
  });
  return { plan, notes: [...notes, ...notesOf(plan)] };
}

function notesOf({ profile, wayOut }: Plan): readonly SandboxNote[] {
  const { namespaces, workspaceMissing } = profile;
  return [
    ...(workspaceMissing ? [{ note: 'workspaceMissing' } as const] : []),
    ...(namespaces.net.kind === 'host' ? [{ note: 'hostNetwork' } as const] : []),
    ...(asksForWayOut(profile) && wayOut === undefined ? [{ note: 'offline' } as const] : []),
  ];
}

/** One for each profile and workspace: what one project leaves in its home must not run in another. */
function keptHomeName(profile: string, workspaceFolder: string | undefined): string {
  const place = createHash('sha256')
    .update(`${profile}\0${workspaceFolder ?? ''}`)
    .digest('hex')
    .slice(0, 12);
  return `${plainName(profile)}-${place}`;
}

/** A folder at or above the home would show every key and token in it. */
function refuseWholeHome(path: string, home: string): void {
  const folder = realpathSync(path);
  const down = relative(folder, existsSync(home) ? realpathSync(home) : home);
  if (down === '' || !(down === '..' || down.startsWith('../'))) fail('workspaceTooWide', { path, home });
}

async function overlayOf(
  rootfs: Rootfs,
  id: string,
  ids: IdPlan,
  folders: CallerFolders,
): Promise<{ overlay: Overlay | undefined; notes: readonly SandboxNote[] }> {
  if (rootfs.kind === 'host') return { overlay: undefined, notes: [] };
  const { prepareRootfs } = await import('./rootfs/prepare.ts');
  const { lower, notes } = await prepareRootfs(rootfs, { dataFolder: folders.data, ids });
  return { overlay: { lower, layers: join(folders.state, 'layers', id) }, notes };
}

interface Start {
  readonly plan: Plan;
  readonly notes: readonly SandboxNote[];
  readonly session: HelperSession;
  readonly folders: CallerFolders;
  readonly workspaceFolder: string | undefined;
}

async function start(all: Start): Promise<Launched> {
  const { plan } = all;
  const record = beginRecord(plan);
  let limits: PreparedLimits | undefined;
  let script: GatedScript | undefined;
  const undo = (): Promise<void> => removeRemains(plan.folder, record, all.folders, limits);
  try {
    limits = await prepareLimits(plan.id, plan.profile.limits, all.session);
    writeFileSync(join(plan.folder, 'start.sh'), startScript(plan), { mode: 0o644 });
    script = runGated(join(plan.folder, 'start.sh'));
    makeFolders(plan);
    makePlaceholders(plan.placeholders);
    const sandbox = await through(script, all, record, limits);
    return launched(sandbox, script, undo);
  } catch (error) {
    script?.close();
    await script?.ended;
    await undo();
    throw error;
  }
}

/** Written before anything else is made, so that whatever a killed launcher leaves can be found by the next start. */
function beginRecord(plan: Plan): SandboxRecord {
  const shifted = plan.ids.kind === 'shifted';
  createSandboxFolder(plan.folder, shifted ? 0o711 : 0o700);
  const record: SandboxRecord = {
    id: plan.id,
    launcher: { pid: process.pid, startTime: startTimeOf(process.pid) ?? 0 },
    sandbox: undefined,
    placeholders: plan.placeholders,
    layers: plan.overlay?.layers,
  };
  writeRecord(plan.folder, record);
  return record;
}

/** The script runs up to its first gate meanwhile, and needs none of them before. */
function makeFolders(plan: Plan): void {
  const { folder, ids, bare } = plan;
  for (const path of foldersOf(plan)) {
    mkdirSync(path, { recursive: true, mode: 0o755 });
    if (ids.kind === 'shifted') chownSync(path, SHIFTED_BASE, SHIFTED_BASE);
  }
  if (bare) makeBareRoot(folder, bare, ids);
}

async function through(
  script: GatedScript,
  all: Start,
  record: SandboxRecord,
  limits: PreparedLimits,
): Promise<Sandbox> {
  const { plan } = all;
  const pid = Number(await script.at('unshared'));
  if (plan.ids.kind !== 'single') await writeIdMaps(pid, plan.ids);
  const given = await limits.place(pid);
  script.pass();
  const sandbox = describe(pid, given, all);
  writeRecord(plan.folder, { ...record, sandbox });
  const facts = {
    pid,
    startTime: sandbox.startTime,
    given,
    placing: limits.joinLines(),
    memoryKillCounters: memoryKillCounters(given),
  };
  writeFileSync(join(plan.folder, 'join.sh'), joinScript(plan, facts), { mode: 0o600 });
  await script.at('ready');
  const whole = plan.wayOut === undefined ? sandbox : { ...sandbox, wayOut: wayOutProcess(plan.folder) };
  if (whole !== sandbox) writeRecord(plan.folder, { ...record, sandbox: whole });
  script.pass();
  return whole;
}

function memoryKillCounters({ cgroups }: LimitsGiven): readonly { file: string; key: string }[] {
  const folder = cgroups['memory.max'];
  return folder === undefined ? [] : [memoryKillCounter(folder)];
}

function describe(pid: number, given: LimitsGiven, { plan, notes, workspaceFolder }: Start): Sandbox {
  const { profile, folder, id } = plan;
  return {
    id,
    profile: profile.name,
    hostname: profile.hostname,
    lifetime: profile.lifetime,
    workspaceFolder: profile.workspace === 'none' ? undefined : workspaceFolder,
    rootfs: profile.rootfs.kind === 'host' ? 'host' : profile.rootfs.path,
    pid,
    startTime: startTimeOf(pid) ?? fail('sandboxGone', { id }),
    startedAt: Date.now(),
    folder,
    limits: given,
    network: profile.network,
    wayOut: undefined,
    notes: [...notes, ...missingLimits(given), ...singleId(plan)],
  };
}

/** The `host` root is read-only, and an archive has been given to the one id that there is. */
function singleId({ ids, profile }: Plan): readonly SandboxNote[] {
  return ids.kind === 'single' && profile.rootfs.kind === 'directory' ? [{ note: 'singleId' }] : [];
}

function missingLimits({ missing }: LimitsGiven): readonly SandboxNote[] {
  const keys = Object.keys(missing) as (keyof LimitsGiven['missing'])[];
  const [first] = keys;
  return first === undefined ? [] : [{ note: 'limitsMissing', keys, reason: missing[first] ?? '' }];
}

function launched(sandbox: Sandbox, script: GatedScript, undo: () => Promise<void>): Launched {
  const stays = sandbox.lifetime === 'untilStopped';
  if (stays) script.detach();
  return { sandbox, ended: script.ended.then(undo), release: stays ? () => undefined : script.close };
}

function requireHost(): void {
  requireLinux();
  for (const name of Object.keys(PROGRAMS) as ProgramName[]) requireProgram(name);
}

/** The profile's name as far as an id may hold it, and four digits that tell its sandboxes apart. */
export function newId(profile: string): string {
  return `${plainName(profile)}-${randomBytes(2).toString('hex')}`;
}

function plainName(profile: string): string {
  const name = profile
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 24)
    .replace(/^-+|-+$/g, '');
  return name || 'sandbox';
}
