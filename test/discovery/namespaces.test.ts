import { execa } from 'execa';
import fc from 'fast-check';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { gatherNamespaces, parseNamespaceMounts, readNamespaces } from '../../src/discovery/namespaces.ts';
import { readProcesses } from '../../src/discovery/processes.ts';
import { NAMESPACE_TYPES, type Namespace } from '../../src/model/namespace.ts';
import { until } from '../support/until.ts';
import { startChild, type Child } from './child.ts';
import { someProcess } from './samples.ts';

const MOUNTINFO = `\
23 1 254:0 / / rw,relatime - ext4 /dev/vda rw
28 23 0:25 / /run rw,nosuid,nodev shared:12 - tmpfs tmpfs rw,mode=755
91 28 0:4 net:[4026532567] /run/netns/n1 rw shared:40 - nsfs nsfs rw
92 28 0:25 /netns /run/netns rw,nosuid,nodev shared:12 - tmpfs tmpfs rw,mode=755
93 92 0:4 net:[4026532567] /run/netns/n1 rw shared:41 - nsfs nsfs rw
94 23 0:4 uts:[4026532570] /tmp/a\\040b rw - nsfs nsfs rw
95 23 0:4 future:[4026532571] /tmp/c rw - nsfs nsfs rw
96 23 254:0 /net:[1] /tmp/d rw - ext4 /dev/vda rw
`;

describe('bind mounts of namespaces', () => {
  it('are found among mountinfo lines', () => {
    expect(parseNamespaceMounts(MOUNTINFO)).toEqual([
      { type: 'net', inode: 4026532567, path: '/run/netns/n1' },
      { type: 'net', inode: 4026532567, path: '/run/netns/n1' },
      { type: 'uts', inode: 4026532570, path: '/tmp/a b' },
    ]);
  });

  it('are of known types, whatever stands there', () => {
    const line = fc.array(fc.constantFrom('net:[7]', ' ', '\n', '-', ':', '[', ']', 'mnt', 'x:[1]', '\\040'));
    fc.assert(
      fc.property(line, (parts) => {
        for (const { type, inode } of parseNamespaceMounts(parts.join(''))) {
          expect([type, inode]).toEqual(['net', 7]);
        }
      }),
    );
  });
});

describe('namespaces', () => {
  it('are gathered from processes and mounts, each once', () => {
    const processes = [
      someProcess({ pid: 1, namespaces: { net: 40, uts: 60 } }),
      someProcess({ pid: 2, namespaces: { net: 30 } }),
      someProcess({ pid: 3, namespaces: { net: 40 } }),
      someProcess({ pid: 4 }),
    ];
    const path = '/run/netns/n1';
    const mounts = [30, 30, 50].map((inode) => ({ type: 'net', inode, path }) as const);
    expect(gatherNamespaces(processes, mounts)).toEqual([
      { type: 'net', inode: 30, pids: [2], paths: [path] },
      { type: 'net', inode: 40, pids: [1, 3], paths: [] },
      { type: 'net', inode: 50, pids: [], paths: [path] },
      { type: 'uts', inode: 60, pids: [1], paths: [] },
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

const namespacesNow = (): readonly Namespace[] => readNamespaces(readProcesses());

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
    expect(find('net', namespaces.net)).toMatchObject({ pids: [child.pid], paths: [] });
    expect(find('user', namespaces.user)).toMatchObject({ pids: [child.pid], paths: [] });
    expect(find('uts', namespaces.uts)?.pids).toContain(process.pid);
    await child.end();
    expect(find('net', namespaces.net)).toBeUndefined();
  });

  it.skipIf(process.getuid?.() !== 0)('have one that only a bind mount keeps (needs root)', async () => {
    const child = await startUnshared();
    const { namespaces } = readProcesses().find(({ pid }) => pid === child.pid) ?? someProcess();
    const folder = mkdtempSync(join(tmpdir(), 'bind mount-'));
    undo.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'net');
    writeFileSync(path, '');
    await execa('mount', ['--bind', `/proc/${child.pid}/ns/net`, path]);
    undo.push(() => execa('umount', [path]));
    expect(find('net', namespaces.net)).toMatchObject({ pids: [child.pid], paths: [path] });
    await child.end();
    expect(find('net', namespaces.net)).toMatchObject({ pids: [], paths: [path] });
  });
});
