import { execa } from 'execa';
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { gatherNamespaces } from '../../src/discovery/namespaces.ts';
import { takeSnapshot } from '../../src/discovery/snapshot.ts';
import { readProcesses } from '../../src/discovery/sight.ts';
import { mountPaths, NAMESPACE_TYPES, type Namespace } from '../../src/model/namespace.ts';
import { until } from '../support/until.ts';
import { startChild, type Child } from './child.ts';
import { someProcess } from './samples.ts';

describe('namespaces', () => {
  it('are gathered from processes and mounts, each once', () => {
    const processes = [
      someProcess({ pid: 1, namespaces: { net: 40, uts: 60 } }),
      someProcess({ pid: 2, namespaces: { net: 30 } }),
      someProcess({ pid: 3, namespaces: { net: 40 } }),
      someProcess({ pid: 4 }),
    ];
    const holder = { by: 'mount', pid: 1, path: '/run/netns/n1' } as const;
    const mounts = [30, 50].map((inode) => ({ type: 'net', inode, holder }) as const);
    expect(gatherNamespaces(processes, mounts)).toEqual([
      { type: 'net', inode: 30, pids: [2], holders: [holder], relations: undefined },
      { type: 'net', inode: 40, pids: [1, 3], holders: [], relations: undefined },
      { type: 'net', inode: 50, pids: [], holders: [holder], relations: undefined },
      { type: 'uts', inode: 60, pids: [1], holders: [], relations: undefined },
    ]);
  });

  it('hold every process exactly where it says it is', () => {
    const inode = fc.integer({ min: 1, max: 5 });
    const links = fc.record(Object.fromEntries(NAMESPACE_TYPES.map((type) => [type, inode])), { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(links), (all) => {
        const processes = all.map((namespaces, index) => someProcess({ pid: index + 1, namespaces }));
        const said = processes.flatMap(({ pid, namespaces }) =>
          Object.entries(namespaces).map(([type, number]) => `${type} ${number} ${pid}`),
        );
        const found = gatherNamespaces(processes, []).flatMap(({ type, inode: number, pids }) =>
          pids.map((pid) => `${type} ${number} ${pid}`),
        );
        expect(found.sort()).toEqual(said.sort());
      }),
    );
  });
});

const namespacesNow = (): readonly Namespace[] => takeSnapshot().namespaces;

const find = (type: string, inode: number | undefined): Namespace | undefined =>
  namespacesNow().find((namespace) => namespace.type === type && namespace.inode === inode);

describe('the namespaces of this machine', () => {
  const undo: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).reverse()) await step();
  });

  /** A shell in a user and a network namespace of its own. */
  async function startUnshared(): Promise<Child> {
    const child = await startChild('unshare', ['-Urn', 'sh', '-c', 'echo ready; read _']);
    undo.push(() => child.end());
    return child;
  }

  it('are those that lsns lists', async () => {
    // Others come and go at any time: at some moment both lists are the same.
    await until('the same namespaces as lsns', async () => {
      const { stdout } = await execa('lsns', ['-J', '-o', 'NS,TYPE,NPROCS']);
      const { namespaces } = JSON.parse(stdout) as { namespaces: { ns: number; type: string; nprocs: number }[] };
      const listed = namespaces.filter(({ nprocs }) => nprocs > 0).map(({ ns, type }) => `${type} ${ns}`);
      const ours = namespacesNow().filter(({ pids }) => pids.length > 0);
      const found = new Set(ours.map(({ type, inode }) => `${type} ${inode}`));
      return found.size === listed.length && listed.every((one) => found.has(one));
    });
  });

  it('have a new one as soon as a process is in it, and no longer', async () => {
    const child = await startUnshared();
    const { namespaces } = readProcesses().find(({ pid }) => pid === child.pid) ?? someProcess();
    expect(find('net', namespaces.net)).toMatchObject({ pids: [child.pid], holders: [] });
    expect(find('user', namespaces.user)).toMatchObject({ pids: [child.pid], holders: [] });
    expect(find('uts', namespaces.uts)?.pids).toContain(process.pid);
    await child.end();
    expect(find('net', namespaces.net)).toBeUndefined();
  });

  it.skipIf(process.getuid?.() !== 0)('have one that only a bind mount keeps (needs root)', async () => {
    const child = await startUnshared();
    const { namespaces } = readProcesses().find(({ pid }) => pid === child.pid) ?? someProcess();
    const folder = mkdtempSync(join(tmpdir(), 'bind mount \\040 ä-'));
    undo.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'net');
    writeFileSync(path, '');
    await execa('mount', ['--bind', `/proc/${child.pid}/ns/net`, path]);
    undo.push(() => execa('umount', [path]));
    const paths = (): readonly string[] => mountPaths(find('net', namespaces.net) ?? { holders: [] });
    expect(paths()).toEqual([path]);
    await child.end();
    expect(find('net', namespaces.net)?.pids).toEqual([]);
    expect(paths()).toEqual([path]);
  });
});
