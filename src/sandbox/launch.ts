import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTimeOf, thisProcess } from '../discovery/pin.ts';
import type { HelperSession } from '../elevation/session.ts';
import { PROGRAMS, requireLinux, requireProgram, type ProgramName } from '../host/programs.ts';
import { fail } from '../model/problem.ts';
import type { Pinned, Sandbox } from '../model/sandbox.ts';
import { makeOpenFolder, type CallerFolders } from '../state/folders.ts';
import { createSandboxFolder, writeRecord, type SandboxRecord } from '../state/records.ts';
import { requireFreePorts } from '../network/free-ports.ts';
import { makeBareRoot } from './bare-root.ts';
import { callerFolders } from './caller.ts';
import { describe, type Planned } from './describe.ts';
import { environmentInside } from './environment.ts';
import { firstOf, memoryKillCounters, type First } from './first.ts';
import { runGated, type FirstCommand, type GatedScript } from './gates.ts';
import { SHIFTED_BASE } from './ids.ts';
import { killPinned } from './kill-pinned.ts';
import { joinCommand } from './join.ts';
import { GIVEN, givenLines, joinScript } from './script/join-script.ts';
import { HOSTS, tellHosts } from './lab/members.ts';
import { openLab } from './lab/open-lab.ts';
import { joinerPlacing } from './limits/helper.ts';
import { prepareLimits } from './limits/prepare.ts';
import type { PreparedLimits } from './limits/prepared.ts';
import { helperMakesWay, makeByHelper } from './namespace-by-helper.ts';
import { makePlan, newId, type LaunchRequest } from './make-plan.ts';
import { writeIdMapsWithin } from './parent-ids.ts';
import { foldersOf, type Plan } from './plan.ts';
import { kill, removeRemains, sweep } from './remains.ts';
import { startScript } from './script/start-script.ts';
import { unlessAborted } from './unless-aborted.ts';
import { wayOutProcess } from './way-out.ts';
import { writeIdMaps } from './write-ids.ts';
import { makePlaceholders } from './workspace.ts';

/** A sandbox that this process has started. */
export interface Launched {
  readonly sandbox: Sandbox;
  /** Resolves once the sandbox has ended and everything of it is removed. */
  readonly ended: Promise<void>;
  /** The command that it has started with, where one was asked for. */
  readonly first: First | undefined;
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
  try {
    await requireFreePorts(request.profile.network.publish);
    const id = newId(request.profile.name);
    const opening = await openLab(request.profile, id, folders);
    try {
      const planned = makePlan(request, id, folders, opening?.outline);
      const [{ plan, notes }, lab] = await unlessAborted(Promise.all([planned, opening?.opened]), request.signal);
      const all = { plan: { ...plan, lab: lab?.plan }, notes, session, folders, request, hub: lab?.hub };
      return await start(all).catch((error: unknown) => startByHelper(all, error));
    } catch (error) {
      await opening?.leave();
      throw error;
    } finally {
      opening?.close();
    }
  } catch (error) {
    await sweep(folders, session); // what others have left may be in the way of the next try
    throw error;
  }
}

interface Start extends Planned {
  readonly session: HelperSession;
  readonly folders: CallerFolders;
}

/** Once more, where only root may make the user namespace. @throws the same error where that is of no use. */
async function startByHelper(all: Start, refusal: unknown): Promise<Launched> {
  const { plan, session } = all;
  if (!helperMakesWay(refusal, plan)) throw refusal;
  const userNamespace = await unlessAborted(makeByHelper(refusal, plan, session), all.request.signal);
  try {
    return await start({ ...all, plan: { ...plan, userNamespace } });
  } finally {
    userNamespace.release();
  }
}

async function start(all: Start): Promise<Launched> {
  const { plan, folders, session } = all;
  const { signal } = all.request;
  const record = beginRecord(plan);
  const made: Made = {};
  const giveUp = (): void => end(made);
  signal?.addEventListener('abort', giveUp);
  try {
    const limits = (made.limits = await unlessAborted(prepareLimits(plan.id, plan.limits, session), signal));
    const script = (made.script = runGated(writeStartScript(plan), firstCommand(all)));
    makeFolders(plan);
    makePlaceholders(plan.placeholders);
    // While the script is at work, and later: it needs nothing of what is removed, and nobody waits for that.
    const sweeping = sweep(folders, session).catch(() => undefined);
    const sandbox = await through({ limits, script }, all, record, (placed) => (made.sandbox = placed));
    signal?.throwIfAborted();
    const gone = (): Promise<void> => undo().finally(() => sweeping);
    return launched(sandbox, script, gone, all.request.first && firstOf(script, sandbox.limits));
  } catch (error) {
    end(made);
    await made.script?.ended;
    await undo();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }

  /** What has no record any more is not found again, so it has to have ended. */
  async function undo(): Promise<void> {
    if (made.sandbox) await kill(made.sandbox);
    await removeRemains(plan.folder, record, folders, made.limits);
  }
}

function firstCommand({ plan, request: { first } }: Start): FirstCommand | undefined {
  return first && { ...first, env: environmentInside(plan, process.env) };
}

/** As far as a start has come. */
interface Made {
  limits?: PreparedLimits;
  script?: GatedScript;
  sandbox?: Sandbox;
}

/** PID 1 would end with its input, but one that stays has none, and what runs inside may hold it up (ptrace(2)). */
function end({ script, sandbox }: Made): void {
  script?.close();
  if (sandbox) killPinned(sandbox);
}

/** Written before anything else is made, so that whatever a killed launcher leaves can be found by the next start. */
function beginRecord(plan: Plan): SandboxRecord {
  const shifted = plan.ids.kind === 'shifted';
  const record: SandboxRecord = {
    id: plan.id,
    launcher: thisProcess(),
    sandbox: undefined,
    placeholders: plan.placeholders,
    layers: plan.overlays.length > 0 ? plan.layers : undefined,
    bareRoot: plan.bare?.folder,
    lab: plan.lab?.folder,
  };
  createSandboxFolder(plan.folder, shifted ? 0o711 : 0o700, record);
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
  const { ids, bare, lab } = plan;
  for (const path of foldersOf(plan)) {
    makeOpenFolder(path);
    if (ids.kind === 'shifted') chownSync(path, SHIFTED_BASE, SHIFTED_BASE);
  }
  if (bare) makeBareRoot(bare, ids);
  if (lab) writeFileSync(join(plan.folder, HOSTS), lab.hosts, { mode: 0o644 });
}

async function through(
  { script, limits }: Required<Pick<Made, 'script' | 'limits'>>,
  all: Start,
  record: SandboxRecord,
  onPlaced: (sandbox: Sandbox) => void,
): Promise<Sandbox> {
  const { plan } = all;
  const pid = await makeNamespaces(script, all);
  const given = await limits.place(pid);
  const keeper = keeperOf(script, plan);
  const sandbox = describe(pid, given, all, keeper);
  onPlaced(sandbox);
  script.pass();
  writeRecord(plan.folder, { ...record, sandbox });
  const facts = { given, placing: limits.joinLines(), memoryKillCounters: memoryKillCounters(given) };
  if (plan.profile.envPass.length > 0)
    writeFileSync(join(plan.folder, GIVEN), givenLines(plan.profile, process.env), { mode: 0o600 });
  writeFileSync(join(plan.folder, 'join.sh'), joinScript(plan, facts), { mode: 0o600 });
  await script.at('ready');
  // Not before: until the new root is entered the mounts are those of this machine, and nobody may enter them.
  const pinned = [sandbox, ...(keeper ? [keeper] : [])].map((one) => `${one.pid} ${one.startTime}\n`);
  writeFileSync(join(plan.folder, 'pid'), pinned.join(''), { mode: 0o600 });
  const whole = plan.wayOut === undefined ? sandbox : { ...sandbox, wayOut: wayOutProcess(plan.folder) };
  if (whole !== sandbox) writeRecord(plan.folder, { ...record, sandbox: whole });
  script.pass();
  if (plan.lab) tellHosts(plan.lab.folder);
  await runInit(whole, plan.profile.init, all.session);
  return whole;
}

/** Each line as a terminal would run it, so that it is as confined as whoever comes after. */
async function runInit(sandbox: Sandbox, lines: readonly string[], session: HelperSession): Promise<void> {
  if (lines.length === 0) return;
  const place = await joinerPlacing(sandbox, session);
  const { execa } = await import('execa');
  for (const line of lines) {
    const { file, args, env } = joinCommand(sandbox, ['sh', '-c', line]);
    const child = execa(file, args, { env, extendEnv: false, reject: false, stdin: 'ignore', all: true });
    if (child.pid !== undefined) await place(child.pid);
    const { exitCode, all } = await child;
    if (exitCode !== 0) fail('initFailed', { line, status: exitCode ?? 1, output: all.trim().slice(-2000) });
  }
}

/** The number of PID 1, whose user namespace has its ids: from here, or from the outer one that has got them from here. */
async function makeNamespaces(script: GatedScript, all: Start): Promise<number> {
  const { plan } = all;
  const first = Number(await script.at(plan.held === undefined ? 'unshared' : 'outer'));
  await unlessAborted(giveIds(first, all), all.request.signal);
  if (plan.held === undefined) return first;
  script.pass();
  return Number(
    await script.at('unshared', 'mounting what is shown of this machine, and making the namespaces inside'),
  );
}

/** A single id is given by unshare(1) itself; a user namespace that was made before has its ids. */
async function giveIds(pid: number, { plan, session, hub }: Start): Promise<void> {
  const { ids, sharing, userNamespace, lab } = plan;
  const parent = lab && hub ? { ...lab.hubIds, pid: hub.pid } : sharing.parent;
  if (ids.kind === 'single' || userNamespace !== undefined) return;
  await (parent === undefined ? writeIdMaps(pid, ids, session) : writeIdMapsWithin(parent, pid, ids));
}

/** The script stays beside a sandbox that shares namespaces of another. */
function keeperOf({ pid }: GatedScript, { sharing, id }: Plan): Pinned | undefined {
  if (sharing.parent === undefined) return undefined;
  return { pid, startTime: startTimeOf(pid) ?? fail('sandboxGone', { id }) };
}

function launched(
  sandbox: Sandbox,
  script: GatedScript,
  undo: () => Promise<void>,
  first: First | undefined,
): Launched {
  const stays = sandbox.lifetime === 'untilStopped';
  if (stays) script.detach();
  const release = (): void => end({ script, sandbox });
  const ended = script.ended.then(undo);
  ended.catch(() => undefined); // it is for whoever waits for it, which may be nobody
  return { sandbox, ended, first, release: stays ? () => undefined : release };
}

function requireHost(): void {
  requireLinux();
  for (const name of Object.keys(PROGRAMS) as ProgramName[]) requireProgram(name);
}
