import { execa } from 'execa';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTimeOf } from '../discovery/pin.ts';
import { PROGRAMS, requireLinux, requireProgram, type ProgramName } from '../host/programs.ts';
import { fail } from '../model/problem.ts';
import type { Mount, Profile, Rootfs } from '../model/profile.ts';
import type { LimitsGiven, Sandbox, SandboxNote } from '../model/sandbox.ts';
import { createSandboxFolder, placeholdersOf, writeRecord, type SandboxRecord } from '../state/records.ts';
import { homeFolder, makeOpenFolder, type CallerFolders } from '../state/folders.ts';
import { makeBareRoot } from './bare-root.ts';
import { callerFolders } from './caller.ts';
import { runGated, type GatedScript } from './gates.ts';
import { isBelow } from './git-guards.ts';
import { planIds, SHIFTED_BASE, writeIdMaps, type IdPlan } from './ids.ts';
import { joinCommand } from './join.ts';
import { joinScript } from './join-script.ts';
import type { HelperSession } from '../elevation/session.ts';
import { memoryKillCounter } from '../cgroup/limits.ts';
import { prepareLimits } from './limits/prepare.ts';
import type { PreparedLimits } from './limits/prepared.ts';
import { foldersOf, planSandbox, type Plan } from './plan.ts';
import { killNow, removeRemains, sweep } from './remains.ts';
import { prepareSeccomp } from './seccomp/prepare.ts';
import { startScript } from './start-script.ts';
import { makePlaceholders } from './workspace.ts';

export interface LaunchRequest {
  readonly profile: Profile;
  readonly workspaceFolder: string | undefined;
  /** Whether it is to be kept ready for later. */
  readonly spare?: boolean;
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
  const { plan, notes } = await makePlan(request, newId(request.profile.name), folders);
  return start({ plan, notes, session, folders, request });
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
  if (profile.workspace !== 'none' && workspaceFolder !== undefined) refuseWholeHome(workspaceFolder, homeFolder());
  for (const path of profile.mounts.flatMap(hostPathOf)) refuseOwnFolders(path, folders);
  if (profile.workspace !== 'none' && workspaceFolder !== undefined) refuseOwnFolders(workspaceFolder, folders);
  const ids = planIds(folders.uid, folders.gid);
  const { lower, notes } = await lowerOf(profile.rootfs, ids, folders);
  const { plan: seccomp, missing } = await prepareSeccomp(profile, join(folders.state, 'seccomp'));
  const plan = await planSandbox({
    id,
    profile,
    workspaceFolder,
    ids,
    lower,
    layers: join(folders.state, 'layers', id),
    folder: join(folders.runtime, id),
    seccomp,
    keptHome: join(folders.state, 'homes', keptHomeName(profile.name, workspaceFolder)),
    placeholders: placeholdersOf(folders.runtime, () => true),
  });
  return { plan, notes: [...notes, ...notesOf(profile), ...noFilter(missing)] };
}

function noFilter(reason: string | undefined): readonly SandboxNote[] {
  return reason === undefined ? [] : [{ note: 'seccompMissing', reason }];
}

function notesOf({ namespaces, workspaceMissing }: Profile): readonly SandboxNote[] {
  return [
    ...(workspaceMissing ? [{ note: 'workspaceMissing' } as const] : []),
    ...(namespaces.net.kind === 'host' ? [{ note: 'hostNetwork' } as const] : []),
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
  return `${plainName(profile)}-${place}`;
}

/** What runs inside would change the scripts with which its own terminals are opened outside, or another sandbox. */
function refuseOwnFolders(path: string, { runtime, state, data }: CallerFolders): void {
  const real = realPath(path);
  for (const folder of [runtime, state, data].map(realPath)) {
    if (real === folder || isBelow(folder, real) || isBelow(real, folder)) fail('ownFoldersShown', { path, folder });
  }
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** A folder at or above the home would show every key and token in it. */
function refuseWholeHome(path: string, home: string): void {
  const [folder, inner] = [realPath(path), realPath(home)];
  if (home !== '' && (folder === inner || isBelow(inner, folder))) fail('workspaceTooWide', { path, home });
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

interface Start {
  readonly plan: Plan;
  readonly notes: readonly SandboxNote[];
  readonly session: HelperSession;
  readonly folders: CallerFolders;
  readonly request: LaunchRequest;
}

async function start(all: Start): Promise<Launched> {
  const { plan } = all;
  const record = beginRecord(plan);
  let limits: PreparedLimits | undefined;
  let script: GatedScript | undefined;
  const undo = (): Promise<void> => removeRemains(plan.folder, record, all.folders, limits);
  try {
    limits = await prepareLimits(plan.id, plan.profile.limits, all.session);
    script = runGated(writeStartScript(plan));
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
    layers: plan.overlays.length > 0 ? plan.layers : undefined,
  };
  writeRecord(plan.folder, record);
  return record;
}

/** Root's is read by others: its sandboxes run as others. */
function writeStartScript(plan: Plan): string {
  const file = join(plan.folder, 'start.sh');
  writeFileSync(file, startScript(plan));
  chmodSync(file, 0o644);
  return file;
}

/** The script runs up to its first gate meanwhile, and needs none of them before. */
function makeFolders(plan: Plan): void {
  const { folder, ids, bare } = plan;
  for (const path of foldersOf(plan)) {
    makeOpenFolder(path);
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
  const sandbox = describe(pid, given, all);
  script.pass();
  writeRecord(plan.folder, { ...record, sandbox });
  writeFileSync(join(plan.folder, 'pid'), `${pid} ${sandbox.startTime}\n`, { mode: 0o600 });
  const facts = { given, placing: limits.joinLines(), memoryKillCounters: memoryKillCounters(given) };
  writeFileSync(join(plan.folder, 'join.sh'), joinScript(plan, facts), { mode: 0o600 });
  await script.at('ready');
  script.pass();
  await runInit(sandbox, plan.profile.init);
  return sandbox;
}

/** Each line as a terminal would run it, so that it is as confined as whoever comes after. */
async function runInit(sandbox: Sandbox, lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const { file, args, env } = joinCommand(sandbox, ['sh', '-c', line]);
    const { exitCode, all } = await execa(file, args, {
      env,
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      all: true,
    });
    if (exitCode !== 0) fail('initFailed', { line, status: exitCode ?? 1, output: all.trim().slice(-2000) });
  }
}

function memoryKillCounters({ cgroups }: LimitsGiven): readonly { file: string; key: string }[] {
  const folder = cgroups['memory.max'];
  return folder === undefined ? [] : [memoryKillCounter(folder)];
}

function describe(pid: number, given: LimitsGiven, { plan, notes, request }: Start): Sandbox {
  const { profile, folder, id } = plan;
  return {
    id,
    profile: profile.name,
    hostname: profile.hostname,
    lifetime: profile.lifetime,
    workspaceFolder: profile.workspace === 'none' ? undefined : request.workspaceFolder,
    rootfs: profile.rootfs.kind === 'host' ? 'host' : profile.rootfs.path,
    pid,
    startTime: startTimeOf(pid) ?? fail('sandboxGone', { id }),
    startedAt: Date.now(),
    spare: request.spare === true,
    folder,
    limits: given,
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
  // PID 1 would end with its input, but what runs inside may hold it up (ptrace(2)).
  const release = (): void => {
    script.close();
    killNow(sandbox);
  };
  return { sandbox, ended: script.ended.then(undo), release: stays ? () => undefined : release };
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
