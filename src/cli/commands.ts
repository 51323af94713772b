import { cgroupsJson, namespacesJson } from '../discovery/format.ts';
import { detailsOf } from '../discovery/details/details.ts';
import { loadKernelCalls } from '../discovery/native.ts';
import { takeSnapshot } from '../discovery/snapshot.ts';
import { sandboxUsage } from '../discovery/usage.ts';
import { knownUsers } from '../discovery/users.ts';
import { limitReadings } from '../cgroup/readings.ts';
import type { Cgroup } from '../model/cgroup.ts';
import { fail } from '../model/problem.ts';
import type { Sandbox } from '../model/sandbox.ts';
import type { Snapshot } from '../protocol/discovery.ts';
import { checkThisHost } from '../sandbox/host.ts';
import { findSandbox, runningSandboxes, stopSandbox } from '../sandbox/running.ts';
import { newId } from '../sandbox/make-plan.ts';
import { exportScripts, scriptsOf, showScripts } from '../sandbox/show.ts';
import { hostReportJson, hostReportText, sandboxesStart } from '../text/host-report.ts';
import { notSeen, otherHolders } from '../text/namespaces.ts';
import { bytes, duration } from '../text/units.ts';
import { REQUEST_OPTIONS, requestOf } from './request.ts';
import { cliSession, inside } from './run.ts';
import { table } from './table.ts';
import { readOptions, UsageError } from './usage.ts';

const JSON_OPTION = { json: { type: 'boolean' } } as const;

/** `unshared list` */
export function list(args: readonly string[]): Promise<number> {
  const { values } = readOptions('list', args, JSON_OPTION);
  const sandboxes = runningSandboxes();
  const snapshot = takeSnapshot();
  if (values.json)
    return say(
      `${JSON.stringify(
        sandboxes.map((sandbox) => ({ ...sandbox, ...usage(sandbox, snapshot) })),
        undefined,
        2,
      )}\n`,
    );
  if (sandboxes.length === 0) return say('No sandbox is running.\n');
  const rows = sandboxes.map((sandbox) => listRow(sandbox, snapshot));
  return say(table(['ID', 'PROFILE', 'PID', 'UP', 'MEMORY', 'PROCESSES', 'LIMITS'], rows));
}

function usage(sandbox: Sandbox, snapshot: Snapshot): { memory: number; processes: number } {
  const { processes, rss } = sandboxUsage(snapshot, sandbox.pid);
  return { memory: limitReadings(sandbox.limits)?.memoryCurrent ?? rss, processes };
}

function listRow(sandbox: Sandbox, snapshot: Snapshot): readonly string[] {
  const { memory, processes } = usage(sandbox, snapshot);
  const { held, missing } = sandbox.limits;
  const limits = [
    ...Object.entries(held).map(([key, value]) => `${key}=${value}`),
    ...Object.keys(missing).map((key) => `no ${key}`),
  ];
  const up = duration(Date.now() - sandbox.startedAt);
  return [sandbox.id, sandbox.profile, `${sandbox.pid}`, up, bytes(memory), `${processes}`, limits.join(' ') || '-'];
}

/** `unshared enter` */
export async function enter(args: readonly string[]): Promise<number> {
  const { positionals, rest } = readOptions('enter', args, {});
  const [id, ...more] = positionals;
  if (id === undefined || more.length > 0)
    throw new UsageError('Name one sandbox, and write "--" before a command.', 'enter');
  const session = cliSession();
  try {
    return await inside(findSandbox(id), rest, session);
  } finally {
    session.dispose();
  }
}

/** `unshared stop` */
export async function stop(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions('stop', args, { all: { type: 'boolean' } });
  if (positionals.length === 0 && !values.all)
    throw new UsageError('Name the sandboxes to stop, or use --all.', 'stop');
  const sandboxes = values.all ? runningSandboxes() : positionals.map(findSandbox);
  for (const sandbox of sandboxes) await stopSandbox(sandbox);
  return 0;
}

/** `unshared script` */
export async function script(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions('script', args, {
    ...REQUEST_OPTIONS,
    join: { type: 'boolean' },
    lab: { type: 'boolean' },
    export: { type: 'string' },
  });
  const [id] = positionals;
  const scripts =
    id === undefined ? await showScripts(requestOf(values), newId('by-hand')) : scriptsOf(findSandbox(id));
  if (values.export !== undefined) {
    exportScripts(values.export, scripts);
    return say(`sh ${values.export}/start.sh   # in a terminal; then, in another: sh ${values.export}/join.sh\n`);
  }
  if (values.lab) return say(scripts.lab ?? fail('notInLab', {}));
  return say(values.join ? scripts.join : scripts.start);
}

/** `unshared check` */
export async function check(args: readonly string[]): Promise<number> {
  const { values } = readOptions('check', args, JSON_OPTION);
  const report = await checkThisHost();
  await say(values.json ? `${JSON.stringify(hostReportJson(report), undefined, 2)}\n` : hostReportText(report));
  return sandboxesStart(report) ? 0 : 1;
}

/** `unshared namespaces` */
export async function showNamespaces(args: readonly string[]): Promise<number> {
  const { values } = readOptions('namespaces', args, JSON_OPTION);
  const snapshot = takeSnapshot(await loadKernelCalls());
  if (values.json) return say(`${JSON.stringify(namespacesJson(snapshot, detailsOf, knownUsers()), undefined, 2)}\n`);
  const commands = new Map(snapshot.processes.map(({ pid, command, comm }) => [pid, command || comm]));
  const rows = snapshot.namespaces.map((namespace) => {
    const { type, inode, pids } = namespace;
    const [first] = pids;
    const what = first === undefined ? otherHolders(namespace) : (commands.get(first) ?? '');
    return [`${inode}`, type, `${pids.length}`, first === undefined ? '-' : `${first}`, printable(what)];
  });
  return say([table(['NS', 'TYPE', 'NPROCS', 'PID', 'COMMAND'], rows), ...notSeen(snapshot)].join('\n'));
}

/** `unshared cgroups` */
export function showCgroups(args: readonly string[]): Promise<number> {
  const { values } = readOptions('cgroups', args, JSON_OPTION);
  const snapshot = takeSnapshot();
  if (values.json) return say(`${JSON.stringify(cgroupsJson(snapshot), undefined, 2)}\n`);
  const controllers = snapshot.controllers.map(({ name, version, mountPoint, groups, enabled }) => [
    name,
    version === undefined ? '-' : `v${version}`,
    `${groups}`,
    enabled ? 'yes' : 'no',
    mountPoint ?? '-',
  ]);
  const groups = snapshot.trees.flatMap((tree) => pathsOf(tree).map((path) => [tree.hierarchy || 'unified', path]));
  return say(
    `${table(['CONTROLLER', 'VERSION', 'GROUPS', 'ENABLED', 'MOUNTED ON'], controllers)}\n${table(['HIERARCHY', 'CGROUP'], groups)}`,
  );
}

function pathsOf({ path, children }: Cgroup): readonly string[] {
  return [path, ...children.flatMap(pathsOf)];
}

/** A process chooses its own command line: its control characters are not for this terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

function say(text: string): Promise<number> {
  return new Promise((resolve) => process.stdout.write(text, () => resolve(0)));
}
