import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import {
  distinctFolders,
  expectPlacing,
  makeLimitCgroups,
  placeProcess,
  removeCgroup,
  topHomes,
  type LimitFolders,
} from '../../src/cgroup/limits.ts';
import { startChild } from '../discovery/child.ts';
import { until } from '../support/until.ts';

describe.skipIf(process.getuid?.() !== 0)('cgroups that expect a process (needs root)', () => {
  let folders: LimitFolders = {};
  beforeEach(() => {
    const limits = { 'pids.max': 10, 'memory.max': 2 ** 26 };
    folders = makeLimitCgroups(topHomes(['pids.max', 'memory.max'], cgroupHierarchies()), 'placing', limits).folders;
  });
  afterEach(async () => {
    for (const folder of distinctFolders(folders)) await until(`${folder} is removed`, () => removeCgroup(folder));
  });

  const processes = (): readonly string[] =>
    distinctFolders(folders).map((folder) => readFileSync(join(folder, 'cgroup.procs'), 'utf8').trim());

  it('have none before it is placed, and no file of them stays open', async () => {
    expectPlacing(folders);
    await until('it is closed', () => !openFiles().some((path) => path.includes('/placing/')));
    expect(processes()).toEqual(distinctFolders(folders).map(() => ''));
  });

  it('take it also before they are ready', async () => {
    const child = await startChild('sh', ['-c', 'echo ready; read _']);
    expectPlacing(folders);
    placeProcess(folders, child.pid);
    expect(processes()).toEqual(distinctFolders(folders).map(() => `${child.pid}`));
    await child.end();
  });

  it('may be gone', () => {
    expect(() => expectPlacing({ 'pids.max': '/sys/fs/cgroup/gone' })).not.toThrow();
    expect(() => expectPlacing({})).not.toThrow();
  });
});

function openFiles(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // the one of the folder itself
    }
  });
}
