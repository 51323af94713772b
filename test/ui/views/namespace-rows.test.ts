import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/ui/views/row.ts';
import { foreignTypes, namespaceRows } from '../../../src/ui/views/namespace-rows.ts';
import { observation, process } from './observations.ts';

const texts = (rows: readonly Row[] | undefined): readonly string[] =>
  (rows ?? []).map(({ label, description }) => `${label} (${description ?? ''})`);
const child = (rows: readonly Row[], label: string): readonly Row[] | undefined =>
  rows.find((row) => row.label === label)?.children();

describe('namespaceRows by type', () => {
  const rows = namespaceRows(observation(), 'type');

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
    expect(texts(child(rows, 'net'))).toEqual(['yours (4 · 3 processes)', 'n1 (44 · only a bind mount)']);
  });

  it('has the processes underneath', () => {
    const [, ofSandbox] = child(rows, 'pid') ?? [];
    expect(texts(ofSandbox?.children())).toEqual(['sh (50)', 'bash (51)']);
  });
});

describe('namespaceRows by process', () => {
  const [apart, among] = namespaceRows(observation(), 'process');

  it('parts the processes that are elsewhere from those that are with you', () => {
    expect(texts(apart?.children())).toEqual(['sh (50 · pid uts)', 'bash (51 · pid uts)']);
    expect(texts(among?.children())).toEqual(['node (10)']);
  });

  it('names the namespaces of a process by type', () => {
    expect(texts(apart?.children()[0]?.children())).toEqual([
      'pid (33 · throwaway-1a2b)',
      'net (4 · yours)',
      'uts (66 · throwaway-1a2b)',
    ]);
  });
});

it('is empty where nothing can be seen, so that the welcome text shows', () => {
  const empty = { ...observation().snapshot, namespaces: [] };
  expect(namespaceRows(observation({ snapshot: empty }), 'type')).toEqual([]);
});

it('foreignTypes does not count what the observer may not see', () => {
  expect(foreignTypes(process(7, { namespaces: { uts: 66 } }), observation())).toEqual(['uts']);
});

it('gives every row of a tree an id of its own', () => {
  for (const grouping of ['type', 'process'] as const) {
    const ids = all(namespaceRows(observation(), grouping)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  }
});

function all(rows: readonly Row[]): readonly Row[] {
  return rows.flatMap((row) => [row, ...all(row.children())]);
}
