import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../host/programs.ts';
import { runProgram } from '../../host/run-program.ts';
import { hasController, hierarchyFor, makeInsideCgroup } from '../../cgroup/limits.ts';
import { INSIDE } from '../../cgroup/readings.ts';
import { unheldIn } from '../../cgroup/set-limit.ts';
import type { UnitProperty } from '../../model/limits/kind.ts';
import { limitRow, type LimitKey } from '../../model/limits/table.ts';
import type { LimitsGiven } from '../../model/sandbox.ts';
import { shellWord, shellWords } from '../script/quote.ts';
import { ownCgroups } from './own.ts';
import { given, nothingGiven, type LimitRequest, type PreparedLimits } from './prepared.ts';
import { forAll, unavailable, type Reasons } from './unavailable.ts';

/**
 * Limits in a scope of the user's systemd manager, which takes in processes from anywhere of the same user
 * (org.freedesktop.systemd1(5), systemd.scope(5)). The scope has the limits, and the user owns their files: the processes are in a
 * cgroup below. Undefined where no such manager runs, where cgroups
 * are not v2, or where a strict limit is not the manager's to give.
 * @throws ProblemError `limitsUnavailable` from `place`.
 */
export function systemdLimits(request: LimitRequest): PreparedLimits | undefined {
  const { keys, hierarchies } = request;
  const manager = userManager(process.env, process.getuid?.());
  const unified = keys.every((key) => hierarchyFor(key, hierarchies)?.version === 2);
  if (manager === undefined || !unified || forHelper(request)) return undefined;
  const scope = `namespace-sandboxes-${request.id}.scope`;
  let joining: readonly string[] = [];
  return {
    place: async (pid) => {
      const given = await placeInScope(request, manager, scope, pid);
      if (given.way === 'systemd') joining = joinScope(manager, scope);
      return given;
    },
    joinLines: () => joining,
    // A scope goes with its last process.
    remove: () => Promise.resolve(),
  };
}

/**
 * Strict limits that the manager has no property for, or whose controllers were not delegated to it (user@.service(5)):
 * root alone has them to give.
 */
function forHelper({ limits, keys, hierarchies }: LimitRequest): boolean {
  const uid = process.getuid?.() ?? 0;
  const mountPoint = hierarchies.find(({ version }) => version === 2)?.mountPoint ?? '';
  const folder = join(mountPoint, `user.slice/user-${uid}.slice/user@${uid}.service`);
  const lacks = (key: LimitKey): boolean => existsSync(folder) && !hasController(folder, key);
  return limits.mode === 'strict' && keys.some((key) => limitRow(key).systemd === undefined || lacks(key));
}

interface Manager {
  readonly busctl: string;
  /** The folder whose `bus` is the user's, pam_systemd(8). */
  readonly runtime: string;
}

function userManager(env: NodeJS.ProcessEnv, uid: number | undefined): Manager | undefined {
  const runtime = env.XDG_RUNTIME_DIR;
  const busctl = findProgram('busctl');
  if (uid === 0 || busctl === undefined || runtime === undefined) return undefined;
  const alive = existsSync(join(runtime, 'bus')) && existsSync(join(runtime, 'systemd'));
  return alive ? { busctl, runtime } : undefined;
}

const MANAGER = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager'] as const;

async function placeInScope(request: LimitRequest, manager: Manager, scope: string, pid: number): Promise<LimitsGiven> {
  const properties = [
    ['PIDs', 'au', '1', String(pid)],
    ['CollectMode', 's', 'inactive-or-failed'],
    // The manager moves later processes only into units whose subtree is delegated.
    ['Delegate', 'b', 'true'],
    ...scopeProperties(request),
  ];
  // Without OOMPolicy the manager ends the whole scope with one process; managers before 253 know none for scopes.
  const policy = ['OOMPolicy', 's', 'continue'];
  const refusal = await startScope(manager, scope, [...properties, policy]);
  const last = refusal?.includes('OOMPolicy') ? await startScope(manager, scope, properties) : refusal;
  if (last !== undefined) return refused(request, last);
  const folder = await folderOf(request, scope, pid);
  writeFileSync(join(makeInsideCgroup(folder), 'cgroup.procs'), String(pid));
  return heldBy(request, folder);
}

/** What the manager says where it refuses. */
async function startScope(
  { busctl, runtime }: Manager,
  scope: string,
  properties: readonly (readonly string[])[],
): Promise<string | undefined> {
  const call = [
    'StartTransientUnit',
    'ssa(sv)a(sa(sv))',
    scope,
    'fail',
    String(properties.length),
    ...properties.flat(),
    '0',
  ];
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
  const { exitCode, stderr } = await runProgram(busctl, ['--user', 'call', ...MANAGER, ...call], { env });
  return exitCode === 0 ? undefined : stderr.trim();
}

function refused(request: LimitRequest, answer: string): LimitsGiven {
  const reasons = forAll(request.keys, `your systemd manager refused it (${answer})`);
  if (request.limits.mode === 'strict') throw unavailable(reasons);
  return nothingGiven(request, reasons);
}

/** The limits as systemd.resource-control(5) calls them. */
function scopeProperties({ keys, limits: { values } }: LimitRequest): readonly UnitProperty[] {
  return keys.flatMap((key) => {
    const { [key]: value } = values;
    return value === undefined ? [] : (limitRow(key).systemd?.(value) ?? []);
  });
}

const PATIENCE = 5000;

/** The manager answers before its job is done: the process sees itself arrive in its cgroup. */
async function folderOf({ keys, hierarchies }: LimitRequest, scope: string, pid: number): Promise<string> {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const path = ownCgroups(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).get('') ?? '/';
    const mountPoint = hierarchies.find(({ version }) => version === 2)?.mountPoint ?? '';
    if (path.endsWith(`/${scope}`)) return join(mountPoint, path);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw unavailable(forAll(keys, `the user's systemd manager did not take the sandbox into ${scope}`));
}

/** Controllers that were not delegated to the user's manager are ignored by it without a word: only the files count. */
function heldBy(request: LimitRequest, folder: string): LimitsGiven {
  const { keys, limits } = request;
  const reasons = lackingIn(folder, request);
  if (limits.mode === 'strict' && Object.keys(reasons).length > 0) throw unavailable(reasons);
  const held = keys.filter((key) => reasons[key] === undefined);
  return given(request, 'systemd', Object.fromEntries(held.map((key) => [key, folder])), reasons);
}

const NO_PROPERTY = 'systemd knows no such limit';
const NOT_DELEGATED =
  "its controller is not delegated to the user's systemd manager (see systemd.resource-control(5), Delegate=)";

function lackingIn(folder: string, { keys, limits }: LimitRequest): Reasons {
  const reasonFor = (key: LimitKey): string | undefined => {
    if (limitRow(key).systemd === undefined) return NO_PROPERTY;
    return hasController(folder, key) ? unheldIn(folder, key, limits.values) : NOT_DELEGATED;
  };
  const reasons = keys.map((key) => [key, reasonFor(key)] as const);
  return Object.fromEntries(reasons.filter(([, reason]) => reason !== undefined));
}

function joinScope({ busctl, runtime }: Manager, scope: string): readonly string[] {
  const attach = [...MANAGER, 'AttachProcessesToUnit', 'ssau', scope, `/${INSIDE}`, '1'];
  const call = [busctl, '--user', '--quiet', 'call', ...attach];
  return [
    `XDG_RUNTIME_DIR=${shellWord(runtime)} ${shellWords(call)} $$`,
    `read -r cgroup </proc/self/cgroup; case $cgroup in */${scope}/${INSIDE}) ;; *) echo 'This terminal could not be put under the limits.' >&2; exit 1 ;; esac`,
  ];
}
