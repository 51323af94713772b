import { describe, expect, it } from 'vitest';
import { GROUPINGS, type Grouping } from '../../../src/ui/views/grouping.ts';
import { namespaceMessage, namespaceRows } from '../../../src/ui/views/namespace-rows.ts';
import type { Observation } from '../../../src/ui/views/observation.ts';
import { pictureOf, type Choice, type Picture } from '../../../src/ui/views/picture.ts';
import type { Row } from '../../../src/ui/views/row.ts';
import { foreignTypes } from '../../../src/ui/views/whose.ts';
import { observation, process, UNHELD } from './observations.ts';

const texts = (rows: readonly Row[] | undefined): readonly string[] =>
  (rows ?? []).map(({ label, description }) => `${label} (${description ?? ''})`);
const child = (rows: readonly Row[], label: string): readonly Row[] | undefined =>
  rows.find((row) => row.label === label)?.children();
const all = (rows: readonly Row[]): readonly Row[] => rows.flatMap((row) => [row, ...all(row.children())]);

const ALL: Choice = { filter: '', hostShown: true };
const USUAL: Choice = { filter: '', hostShown: false };

const picture = (choice: Choice = ALL, seen: Observation = observation()): Picture =>
  pictureOf(seen, choice, () => Promise.resolve({ details: { type: 'uts', hostname: 'inside' } }));
const rowsOf = (grouping: Grouping, choice: Choice = ALL, seen: Observation = observation()): readonly Row[] =>
  namespaceRows(picture(choice, seen), grouping);

describe('namespaceRows by type', () => {
  const rows = rowsOf('type');

  it('has all eight types, each with its number', () => {
    expect(texts(rows)).toEqual([
      'user (0)',
      'mnt (0)',
      'pid (2)',
      'net (2)',
      'ipc (0)',
      'uts (2)',
      'cgroup (0)',
      'time (0)',
    ]);
  });

  it('names a namespace yours, by its sandbox, or by the path that keeps it', () => {
    expect(texts(child(rows, 'uts'))).toEqual(['yours (6 · 1 process)', 'throwaway-1a2b (66 · 2 processes)']);
    expect(texts(child(rows, 'net'))).toEqual(['yours (4 · 3 processes)', 'n1 (44 · only by a bind mount)']);
  });

  it('has the processes underneath, each with why it looks contained', () => {
    const [, ofSandbox] = child(rows, 'pid') ?? [];
    expect(texts(ofSandbox?.children())).toEqual(['sh (50 · own pid uts)', 'bash (51 · own pid uts)']);
  });

  it('leaves out the host’s own unless asked', () => {
    const usual = rowsOf('type', USUAL);
    expect(texts(usual).slice(2, 4)).toEqual(['pid (1 besides the host’s)', 'net (1 besides the host’s)']);
    expect(texts(child(usual, 'uts'))).toEqual(['throwaway-1a2b (66 · 2 processes)']);
  });

  it('takes for the host’s own what PID 1 is in, where that can be seen', () => {
    const inside = { user: 1, mnt: 2, pid: 33, net: 4, ipc: 5, uts: 66, cgroup: 7, time: 8 };
    const seen = observation();
    const first = {
      ...seen,
      snapshot: { ...seen.snapshot, processes: [process(1, { namespaces: inside }), ...seen.snapshot.processes] },
    };
    expect(texts(child(rowsOf('type', USUAL, first), 'uts'))).toEqual(['yours (6 · 1 process)']);
  });
});

describe('namespaceRows by process', () => {
  const [apart, among] = rowsOf('process');

  it('parts the processes that are elsewhere from those that are where the host is', () => {
    expect(texts(apart?.children())).toEqual(['sh (50 · own pid uts)', 'bash (51 · own pid uts)']);
    expect(texts(among?.children())).toEqual(['node (10)']);
  });

  it('names the namespaces of a process by type', () => {
    expect(texts(apart?.children()[0]?.children())).toEqual([
      'pid (33 · throwaway-1a2b)',
      'net (4 · yours)',
      'uts (66 · throwaway-1a2b)',
    ]);
  });

  it('leaves out what is the same as the host’s own unless asked', () => {
    const usual = rowsOf('process', USUAL);
    expect(texts(usual)).toEqual(['In namespaces of their own (2)']);
    expect(texts(usual[0]?.children()[0]?.children())).toEqual([
      'pid (33 · throwaway-1a2b)',
      'uts (66 · throwaway-1a2b)',
    ]);
  });
});

/** A user namespace in another, with what they own; and a container. */
function nested(): Observation {
  const web = { kind: 'docker', name: 'web' } as const;
  const relations = (parent: number | undefined, owner: number | undefined) => ({ parent, owner, ownerUid: undefined });
  const seen = observation();
  const deeper = { user: 12, mnt: 2, pid: 3, net: 13, ipc: 5, uts: 6, cgroup: 7, time: 8 };
  return {
    ...seen,
    snapshot: {
      ...seen.snapshot,
      processes: [process(10), process(60, { comm: 'nginx', command: 'nginx -g', namespaces: deeper })],
      namespaces: [
        { type: 'user', inode: 1, pids: [10], ...UNHELD, relations: relations(undefined, undefined) },
        {
          type: 'user',
          inode: 11,
          pids: [],
          ...UNHELD,
          relations: relations(1, 1),
          holders: [{ by: 'child', child: { type: 'user', inode: 12 } }],
        },
        { type: 'user', inode: 12, pids: [60], ...UNHELD, relations: relations(11, 11), container: web },
        { type: 'net', inode: 13, pids: [60], ...UNHELD, relations: relations(undefined, 12), container: web },
        { type: 'net', inode: 4, pids: [10], ...UNHELD, relations: relations(undefined, 1) },
      ],
    },
  };
}

describe('namespaceRows by hierarchy', () => {
  it('nests user namespaces in their parents, and the processes after them', () => {
    const [user, pid] = rowsOf('hierarchy', ALL, nested());
    const [top] = user?.children() ?? [];
    expect(texts(top?.children())).toEqual(['11 (11 · only by a child of it)', 'bash (10)']);
    expect(texts(top?.children()[0]?.children())).toEqual(['nginx 60 (12 · 1 process)']);
    expect(pid?.opening).toBe('leaf');
  });

  it('puts what the host’s own holds at the top where that is hidden', () => {
    const [user] = rowsOf('hierarchy', USUAL, nested());
    expect(texts(user?.children())).toEqual(['11 (11 · only by a child of it)']);
  });
});

it('namespaceRows by owner', () => {
  const rows = rowsOf('owner', ALL, nested());
  expect(texts(rows)).toEqual([
    'yours (1 · owns 2)',
    '11 (11 · owns 1)',
    'nginx 60 (12 · owns 1)',
    'Owner not known (1 namespace)',
  ]);
  expect(texts(rows[2]?.children())).toEqual(['net (nginx 60 · 13 · 1 process)']);
});

it('namespaceRows by container', () => {
  const rows = rowsOf('container', ALL, nested());
  expect(texts(rows)).toEqual(['web (docker · 2 namespaces)', 'In no container (3 namespaces)']);
  expect(texts(rows[0]?.children())).toEqual(['user (nginx 60 · 12 · 1 process)', 'net (nginx 60 · 13 · 1 process)']);
});

it('says of a process in a container which', () => {
  const [apart] = rowsOf('process', ALL, nested());
  const [nginx] = apart?.children() ?? [];
  expect(nginx).toMatchObject({
    description: '60 · docker web · own user net · nginx -g',
    spoken: 'process nginx, pid 60, docker web, own user net',
    icon: 'package',
  });
});

describe('a filter', () => {
  const filtered = (filter: string, grouping: Grouping): readonly Row[] =>
    rowsOf(grouping, { filter, hostShown: true }, nested());

  it('keeps what has every word, in a namespace, in a process or in both', () => {
    const net = child(filtered('net nginx', 'type'), 'net');
    expect(texts(net)).toEqual(['nginx 60 (13 · 1 process)']);
    expect(texts(filtered('WEB', 'container'))).toEqual(['web (docker · 2 namespaces)']);
    expect(texts(filtered('60', 'process'))).toEqual(['In namespaces of their own (1)']);
  });

  it('is said with what it leaves', () => {
    const { message, none } = {
      message: namespaceMessage(picture({ filter: 'nginx', hostShown: false }, nested())),
      none: namespaceMessage(picture(USUAL, nested())),
    };
    expect(message).toBe('Filter “nginx”: 2 namespaces, 1 process, besides the host’s own.');
    expect(none).toBeUndefined();
  });

  it('that nothing has leaves no row, so that the welcome text shows', () => {
    for (const grouping of Object.keys(GROUPINGS) as Grouping[]) expect(filtered('nothing', grouping)).toEqual([]);
  });
});

it('is empty where nothing can be seen, so that the welcome text shows', () => {
  const empty = { ...observation().snapshot, namespaces: [] };
  expect(rowsOf('type', ALL, observation({ snapshot: empty }))).toEqual([]);
});

it('says how many processes are not readable, with a row that looks again as root', () => {
  const seen = observation();
  const some = { ...seen, snapshot: { ...seen.snapshot, unreadable: 312 } };
  for (const grouping of Object.keys(GROUPINGS) as Grouping[])
    expect(rowsOf(grouping, USUAL, some).at(-1)).toMatchObject({
      label: '312 processes of other users not readable',
      command: 'namespaceSandboxes.scanAsRoot',
    });
});

it('tells in a tooltip what is in a namespace, or why that is not known', async () => {
  const [, ofSandbox] = child(rowsOf('type'), 'uts') ?? [];
  const tooltip = await ofSandbox?.tooltip?.();
  expect(tooltip).toContain('| host name | `inside` |');
  expect(tooltip).toContain('| found by | a process in it |');
  const closed = pictureOf(observation(), ALL, () => Promise.reject(new Error('nothing leads into it')));
  const [, closedRow] = child(namespaceRows(closed, 'type'), 'uts') ?? [];
  expect(await closedRow?.tooltip?.()).toContain('not known: nothing leads into it');
});

it('foreignTypes does not count what the observer may not see', () => {
  expect(foreignTypes(process(7, { namespaces: { uts: 66 } }), observation())).toEqual(['uts']);
});

it('gives every row of a tree an id of its own', () => {
  for (const grouping of Object.keys(GROUPINGS) as Grouping[]) {
    for (const seen of [observation(), nested()]) {
      const ids = all(rowsOf(grouping, ALL, seen)).map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  }
});
