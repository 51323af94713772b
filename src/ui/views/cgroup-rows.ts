import { join } from 'node:path';
import type { Cgroup, CgroupController, CgroupHierarchy, CgroupLayout, CgroupReadings } from '../../model/cgroup.ts';
import { badged } from './contained.ts';
import { code, facts } from './markdown.ts';
import type { Observation } from './observation.ts';
import { byPid, processesOf, processRows } from './process-rows.ts';
import { paged, row, type Row } from './row.ts';
import { bytes, count } from '../../text/units.ts';

/** Reads what a cgroup's folder says now; called for the rows that are shown and no others. */
export type ReadCgroup = (folder: string) => CgroupReadings;

const LAYOUTS: Readonly<Record<CgroupLayout, string>> = {
  v1: 'version 1: a tree for each controller',
  v2: 'version 2: one tree for all controllers',
  hybrid: 'hybrid: version 1 trees and a version 2 tree beside them',
  none: 'no cgroup file system is mounted',
};

/** The table of controllers, then each mounted hierarchy with its cgroups. */
export function cgroupRows(observation: Observation, read: ReadCgroup): readonly Row[] {
  const { hierarchies, trees } = observation.snapshot;
  if (hierarchies.length === 0) return [];
  return [
    controllersRow(observation),
    ...hierarchies.map((hierarchy) =>
      hierarchyRow(
        hierarchy,
        trees.find((tree) => tree.hierarchy === hierarchy.key),
        observation,
        read,
      ),
    ),
  ];
}

function controllersRow({ snapshot: { controllers, layout } }: Observation): Row {
  return row({
    id: 'controllers',
    label: 'Controllers',
    description: `${layout} · ${controllers.filter(({ enabled }) => enabled).length} enabled`,
    icon: 'table',
    opening: 'collapsed',
    tooltip: () => LAYOUTS[layout],
    children: () => controllers.map(controllerRow),
  });
}

function controllerRow({ name, enabled, version, mountPoint, groups }: CgroupController): Row {
  const where = version === undefined ? 'not mounted' : `v${version}`;
  const description = enabled ? [where, count(groups, 'group', 'groups')].join(' · ') : 'disabled';
  return row({
    id: `controllers/${name}`,
    label: name,
    description,
    icon: enabled ? 'pass' : 'circle-slash',
    color: enabled && version !== undefined ? 'charts.green' : 'disabledForeground',
    tooltip: () =>
      facts([
        ['controller', code(name)],
        ['state', description],
        ['mounted on', mountPoint && code(mountPoint)],
      ]),
  });
}

function hierarchyRow(
  hierarchy: CgroupHierarchy,
  tree: Cgroup | undefined,
  observation: Observation,
  read: ReadCgroup,
): Row {
  const { key, version, mountPoint, controllers } = hierarchy;
  const id = `hierarchy/${key}`;
  const label = key === '' ? 'unified' : key.replace(/^name=/, '');
  return row({
    id,
    label,
    description: `v${version} · ${mountPoint}`,
    icon: version === 2 ? 'type-hierarchy' : 'type-hierarchy-sub',
    subject: tree && { kind: 'cgroup', cgroup: tree, folder: mountPoint },
    opening: tree ? 'collapsed' : 'leaf',
    tooltip: () =>
      facts([
        ['version', `${version}`],
        ['mounted on', code(mountPoint)],
        ['controllers', controllers.join(', ') || 'none'],
      ]),
    children: () => (tree ? insideOf(id, tree, { hierarchy, observation, read }) : []),
  });
}

interface Surroundings {
  readonly hierarchy: CgroupHierarchy;
  readonly observation: Observation;
  readonly read: ReadCgroup;
}

function insideOf(id: string, cgroup: Cgroup, around: Surroundings): readonly Row[] {
  const groups = paged(id, cgroup.children, (page, child) => cgroupRow(page, child, around));
  const processes = processesOf(byPid(around.observation.snapshot.processes), cgroup.pids);
  if (processes.length === 0) return groups;
  return [
    ...groups,
    ownProcessesRow(`${id}/processes`, processes.length, () =>
      processRows(`${id}/processes`, processes, badged(around.observation)),
    ),
  ];
}

function ownProcessesRow(id: string, number: number, children: () => readonly Row[]): Row {
  return row({ id, label: 'Processes', description: `${number}`, icon: 'server-process', children });
}

function cgroupRow(parent: string, cgroup: Cgroup, { hierarchy, ...around }: Surroundings): Row {
  const name = cgroup.path.slice(cgroup.path.lastIndexOf('/') + 1);
  const id = `${parent}/${name}`;
  const folder = join(hierarchy.mountPoint, cgroup.path);
  const readings = around.read(folder);
  const description = cgroupSummary(cgroup, readings);
  return row({
    id,
    label: name,
    description,
    spoken: `cgroup ${cgroup.path}, ${description}`,
    icon: 'folder',
    subject: { kind: 'cgroup', cgroup, folder },
    opening: cgroup.children.length + cgroup.pids.length > 0 ? 'collapsed' : 'leaf',
    tooltip: () => cgroupTooltip(folder, cgroup, readings),
    children: () => insideOf(id, cgroup, { hierarchy, ...around }),
  });
}

/** `12 processes · 64M ≤ 128M`, counting the processes of the whole subtree. */
export function cgroupSummary(cgroup: Cgroup, { memoryCurrent, memoryMax }: CgroupReadings): string {
  const memory =
    memoryCurrent === undefined
      ? []
      : [bytes(memoryCurrent) + (memoryMax === undefined ? '' : ` ≤ ${bytes(memoryMax)}`)];
  return [count(processesBelow(cgroup), 'process', 'processes'), ...memory].join(' · ');
}

function processesBelow({ pids, children }: Cgroup): number {
  return children.reduce((sum, child) => sum + processesBelow(child), pids.length);
}

function cgroupTooltip(folder: string, { pids }: Cgroup, readings: CgroupReadings): string {
  const { memoryCurrent, memoryMax, pidsCurrent, pidsMax, cpuUsage, oomKills, throttledPeriods } = readings;
  return facts([
    ['folder', code(folder)],
    ['processes here', `${pids.length}`],
    ['memory', optional(memoryCurrent, bytes)],
    ['memory.max', optional(memoryMax, bytes)],
    ['processes below', optional(pidsCurrent, String)],
    ['pids.max', optional(pidsMax, String)],
    ['cpu time', optional(cpuUsage, (used) => `${(used / 1_000_000).toFixed(1)} s`)],
    ['killed for memory', optional(oomKills, String)],
    ['throttled periods', optional(throttledPeriods, String)],
  ]);
}

function optional(value: number | undefined, print: (value: number) => string): string | undefined {
  return value === undefined ? undefined : print(value);
}
