import { describe, expect, it } from 'vitest';
import { pathTo, type Sought } from '../../../src/ui/views/find-row.ts';
import { GROUPINGS, type Grouping } from '../../../src/ui/views/grouping.ts';
import { namespaceRows } from '../../../src/ui/views/namespace-rows.ts';
import type { Observation } from '../../../src/ui/views/observation.ts';
import { pictureOf } from '../../../src/ui/views/picture.ts';
import { row, type Row } from '../../../src/ui/views/row.ts';
import { observation, process, UNHELD } from './observations.ts';

const rowsOf = (grouping: Grouping, seen: Observation = observation()): readonly Row[] =>
  namespaceRows(
    pictureOf(seen, { filter: '', hostShown: true }, () => Promise.reject(new Error('not asked'))),
    grouping,
  );
const labels = (sought: Sought, rows: readonly Row[]): readonly string[] | undefined =>
  pathTo(sought, rows)?.map(({ label }) => label);

describe('pathTo', () => {
  it('leads to a process by the namespaces that it is in', () => {
    expect(labels({ pid: 51 }, rowsOf('type'))).toEqual(['pid', 'throwaway-1a2b', 'bash']);
    expect(labels({ pid: 51 }, rowsOf('process'))).toEqual(['In namespaces of their own', 'bash']);
    expect(labels({ pid: 9 }, rowsOf('type'))).toBeUndefined();
  });

  it('leads to a namespace, also beneath a process', () => {
    const namespace = { type: 'uts', inode: 66 } as const;
    expect(labels({ namespace }, rowsOf('type'))).toEqual(['uts', 'throwaway-1a2b']);
    expect(labels({ namespace }, rowsOf('process'))).toEqual(['In namespaces of their own', 'sh', 'uts']);
  });

  it('leads to a process in a namespace beneath one that it is not in', () => {
    const seen = observation();
    const relations = (parent: number | undefined) => ({ parent, owner: parent, ownerUid: undefined });
    const snapshot = {
      ...seen.snapshot,
      processes: [process(10), process(50, { namespaces: { user: 11 } })],
      namespaces: [
        { type: 'user' as const, inode: 1, pids: [10], ...UNHELD, relations: relations(undefined) },
        { type: 'user' as const, inode: 11, pids: [50], ...UNHELD, relations: relations(1) },
      ],
    };
    expect(labels({ pid: 50 }, rowsOf('hierarchy', { ...seen, snapshot }))).toEqual([
      'user namespaces',
      'yours',
      'throwaway-1a2b',
      'bash',
    ]);
  });

  it('leads to a container by its row, or by a namespace of it', () => {
    const container = { kind: 'docker', name: 'web' } as const;
    const seen = observation();
    const namespaces = seen.snapshot.namespaces.map((one) => (one.inode === 66 ? { ...one, container } : one));
    const inDocker = { ...seen, snapshot: { ...seen.snapshot, namespaces } };
    expect(labels({ container }, rowsOf('container', inDocker))).toEqual(['web']);
    expect(labels({ container }, rowsOf('type', inDocker))).toEqual(['uts', 'throwaway-1a2b']);
  });

  it('opens no cgroup that is not on the way to a folder', () => {
    const cgroup = { hierarchy: '', path: '', children: [], pids: [] };
    const at = (folder: string, children?: () => readonly Row[]): Row =>
      row({
        id: folder,
        label: folder,
        icon: 'folder',
        subject: { kind: 'cgroup', cgroup, folder },
        ...(children && { children }),
      });
    const closed = at('/cg/ab', () => expect.fail('opened'));
    const rows = [closed, at('/cg/a', () => [at('/cg/a/b')])];
    expect(labels({ folder: '/cg/a/b' }, rows)).toEqual(['/cg/a', '/cg/a/b']);
  });

  it('of 5,000 processes makes rows in proportion to their number', () => {
    const inside = { user: 1, mnt: 22, pid: 3, net: 4, ipc: 5, uts: 6, cgroup: 7, time: 8 };
    const processes = [
      process(10),
      ...Array.from({ length: 5000 }, (_, at) => process(100 + at, { namespaces: inside })),
    ];
    const pids = processes.slice(1).map(({ pid }) => pid);
    const seen = observation();
    const many = {
      ...seen,
      snapshot: { ...seen.snapshot, processes, namespaces: [{ type: 'mnt' as const, inode: 22, pids, ...UNHELD }] },
    };
    for (const grouping of Object.keys(GROUPINGS) as Grouping[])
      if (grouping !== 'hierarchy')
        expect(pathTo({ pid: 5099 }, rowsOf(grouping, many))?.at(-1)?.description).toMatch(/^5099/);
  });
});
