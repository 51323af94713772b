import type { CgroupReadings } from '../../model/cgroup.ts';
import type { LimitKey } from '../../model/limits/table.ts';
import type { Sandbox } from '../../model/sandbox.ts';
import type { DiskUse } from '../../sandbox/disk-use.ts';
import type { ProfileSummary } from '../../profile/load.ts';
import { linksText } from '../../text/labs.ts';
import { noteSentence } from '../../text/notes.ts';
import { SOURCE_NAMES } from '../../text/sources.ts';
import { code, facts, plain } from './markdown.ts';
import type { Observation, RunningSandbox } from './observation.ts';
import { byPid, processRows } from './process-rows.ts';
import { portRows } from './port-rows.ts';
import { row, type Row } from './row.ts';
import { bytes, count, duration } from '../../text/units.ts';

/** Every profile with its running sandboxes beneath, then the sandboxes whose profile is not to be seen from this window. */
export function sandboxRows(observation: Observation): readonly Row[] {
  const { profiles, sandboxes } = observation;
  const known = new Set(profiles.map(({ name }) => name));
  const strangers = sandboxes.filter(({ sandbox }) => !known.has(sandbox.profile));
  return [
    ...profiles.map((profile) => profileRow(profile, observation)),
    ...strangers.map((running) => sandboxRow(running, observation)),
  ];
}

function profileRow(profile: ProfileSummary, observation: Observation): Row {
  const all = observation.sandboxes.filter(({ sandbox }) => sandbox.profile === profile.name);
  const running = all.filter(({ sandbox }) => !sandbox.spare);
  const sandboxes = all.map((one) => sandboxRow(one, observation));
  const source = SOURCE_NAMES[profile.source];
  return row({
    // Another row once it has children: VS Code opens a row by itself only when it is new.
    id: `profile/${profile.source}/${profile.name}/${all.length > 0 ? 'running' : 'idle'}`,
    label: profile.name,
    description: running.length > 0 ? `${running.length} running` : profile.description,
    spoken: `profile ${profile.name}, ${source}, ${count(running.length, 'sandbox', 'sandboxes')} running`,
    icon: 'shield',
    subject: { kind: 'profile', profile },
    opening: all.length > 0 ? 'expanded' : 'leaf',
    tooltip: () => [`**${plain(profile.name)}** (${source})`, plain(profile.description)].join('\n\n'),
    children: () => sandboxes,
  });
}

function sandboxRow(running: RunningSandbox, observation: Observation): Row {
  const { sandbox } = running;
  const id = `sandbox/${sandbox.id}`;
  const weaker = lacksOf(sandbox).length > 0;
  return row({
    id,
    label: sandbox.id,
    description: sandboxSummary(running, observation.at),
    spoken: `sandbox ${sandbox.id}, ${sandboxSummary(running, observation.at)}`,
    icon: weaker ? 'warning' : sandbox.spare ? 'vm-outline' : 'vm-running',
    color: weaker ? 'list.warningForeground' : 'charts.green',
    subject: { kind: 'sandbox', sandbox },
    tooltip: () => sandboxTooltip(running, observation.at),
    children: () => [...portRows(id, sandbox.network), ...sandboxProcesses(id, sandbox, observation)],
  });
}

/** `no cpu.max · pid 4711 · 3min · 12M ≤ 64M · 4 processes ≤ 256`: what it lacks comes first, then its pid, and what it costs before its limit. */
export function sandboxSummary({ sandbox, processes, rss, readings, disk }: RunningSandbox, at: number): string {
  const { held } = sandbox.limits;
  return [
    ...(sandbox.spare ? ['spare, ready'] : []),
    ...lacksOf(sandbox),
    `pid ${sandbox.pid}`,
    duration(at - sandbox.startedAt),
    under(bytes(readings?.memoryCurrent ?? rss), held['memory.max']),
    under(count(processes, 'process', 'processes'), held['pids.max']),
    ...(held['cpu.max'] === undefined ? [] : [`cpu ≤ ${held['cpu.max']}`]),
    ...(disk === undefined ? [] : [`disk ${diskText(disk)}`]),
    ...unmeasured(sandbox),
  ].join(' · ');
}

function diskText({ bytes: used, isLeast }: DiskUse): string {
  return isLeast ? `${bytes(used)} or more` : bytes(used);
}

/** Their limits stand in the summary beside what is used of them. */
const MEASURED: readonly LimitKey[] = ['memory.max', 'pids.max', 'cpu.max'];

/** What its profile would take and this host could not give. */
function lacksOf({ limits, notes }: Sandbox): readonly string[] {
  const unfiltered = notes.some(({ note }) => note === 'seccompMissing');
  return [...Object.keys(limits.missing).map((key) => `no ${key}`), ...(unfiltered ? ['no seccomp'] : [])];
}

function under(usage: string, limit: string | undefined): string {
  return limit === undefined ? usage : `${usage} ≤ ${limit}`;
}

function sandboxTooltip(running: RunningSandbox, at: number): string {
  const { sandbox, processes, rss, readings, disk } = running;
  const known = facts([
    ['pid', `${sandbox.pid}`],
    ['hostname', code(sandbox.hostname)],
    ['root file system', code(sandbox.rootfs)],
    ['workspace', sandbox.workspaceFolder === undefined ? 'none' : code(sandbox.workspaceFolder)],
    ['network', networkFact(sandbox)],
    ['up', duration(at - sandbox.startedAt)],
    ['memory', bytes(readings?.memoryCurrent ?? rss)],
    ['processes', `${processes}`],
    ...(disk === undefined ? [] : [['on disk', diskText(disk)] as const]),
    ...limitFacts(sandbox, readings),
    ['ends', ENDS[sandbox.lifetime]],
    ['scripts', code(sandbox.folder)],
  ]);
  const notes = sandbox.notes.map((note) => `- ${plain(noteSentence(note))}`).join('\n');
  return [`**${plain(sandbox.id)}** (${plain(sandbox.profile)})`, known, notes].join('\n\n');
}

const ENDS = {
  terminal: 'with its last terminal',
  window: 'with this window',
  untilStopped: 'when it is stopped',
} as const;

function networkFact({ network, wayOut, lab, notes }: Sandbox): string {
  if (lab !== undefined) {
    const offline = notes.some(({ note }) => note === 'offline');
    const way = offline ? 'no internet: this machine was offline at its start' : 'internet through the hub of the lab';
    return `${code(linksText(lab.interfaces))}${lab.internet ? `, ${way}` : ''}`;
  }
  return network.mode === 'internet'
    ? `internet, through ${wayOut === undefined ? 'nothing' : `pasta (${wayOut.pid})`}`
    : network.mode;
}

/** Of every limit that was asked for, whether it holds. */
function limitFacts({ limits: { held, missing } }: Sandbox, readings: CgroupReadings | undefined) {
  return [
    ...entriesOf(missing).map(([key, reason]) => [key, `**not held**: ${plain(reason)}`] as const),
    ...entriesOf(held).map(([key, text]) => [key, `${plain(text)}${plain(strain(key, readings))}`] as const),
  ];
}

/** `cpu.weight 50` */
function unmeasured({ limits: { held } }: Sandbox): readonly string[] {
  return entriesOf(held)
    .filter(([key]) => !MEASURED.includes(key))
    .map(([key, text]) => `${key} ${text}`);
}

function entriesOf(texts: Readonly<Partial<Record<LimitKey, string>>>): readonly (readonly [LimitKey, string])[] {
  return Object.entries(texts) as [LimitKey, string][];
}

/** What counts how often a limit has bitten, where the kernel counts it. */
const STRAINS: Readonly<Partial<Record<LimitKey, readonly [keyof CgroupReadings, string]>>> = {
  'memory.max': ['oomKills', 'processes killed'],
  'pids.max': ['pidsRefused', 'forks refused'],
  'cpu.max': ['throttledPeriods', 'periods throttled'],
};

function strain(key: LimitKey, readings: CgroupReadings | undefined): string {
  const [counter, what] = STRAINS[key] ?? [];
  const times = counter && readings?.[counter];
  return times === undefined || times === 0 ? '' : `, ${times} ${what ?? ''}`;
}

function sandboxProcesses(id: string, sandbox: Sandbox, { snapshot }: Observation): readonly Row[] {
  const pidNamespace = byPid(snapshot.processes).get(sandbox.pid)?.namespaces.pid;
  if (pidNamespace === undefined) return [];
  return processRows(
    id,
    snapshot.processes.filter(({ namespaces }) => namespaces.pid === pidNamespace),
  );
}
