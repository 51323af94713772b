import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseIdMap } from '../../src/discovery/details/id-maps.ts';
import { countObjects } from '../../src/discovery/details/ipc.ts';
import { networkDetails } from '../../src/discovery/details/network.ts';
import { parseOffsets } from '../../src/discovery/details/time-offsets.ts';
import { parseLinks } from '../../src/discovery/links.ts';
import { parseNamespaceMounts } from '../../src/discovery/mounts.ts';
import { parsePrivileges } from '../../src/discovery/privileges.ts';
import { parseCgroups, parseCommand, parseStat } from '../../src/discovery/processes.ts';
import { hidesProcesses } from '../../src/discovery/snapshot.ts';
import { capabilityNames } from '../../src/model/capabilities.ts';

/**
 * What these kernels print of one process in namespaces of its own, whose name has a tab, a newline, brackets, a byte that is no
 * UTF-8 and an emoji; each file after a line `== NAME`. They are those of Debian 11, Ubuntu 22.04, Debian 12 and 13, and a plain one.
 */
const KERNELS = ['5.10', '5.15', '6.1', '6.12', '6.18'] as const;

function filesOf(kernel: string): ReadonlyMap<string, Buffer> {
  const text = readFileSync(`test/discovery/golden/proc-${kernel}.txt`, 'latin1');
  return new Map(
    [...text.matchAll(/^== (\S+)\n([^]*?)(?=^== |$(?![^]))/gm)].map(([, name = '', file = '']) => [
      name,
      Buffer.from(file, 'latin1'),
    ]),
  );
}

/** All that is read of the process and of its namespaces. */
function parsed(files: ReadonlyMap<string, Buffer>) {
  const raw = (name: string): Buffer => files.get(name) ?? expect.fail(`no ${name}`);
  const file = (name: string): string => raw(name).toString('utf8');
  const privileges = parsePrivileges(file('status')) ?? expect.fail('no privileges');
  return {
    process: parseStat(raw('stat'), 4096),
    kernelThread: parseStat(raw('kthread-stat'), 4096),
    // The line has a newline of its own behind the last NUL.
    command: parseCommand(raw('cmdline').subarray(0, -1)),
    cgroups: parseCgroups(file('cgroup')),
    links: parseLinks(file('links')),
    mounts: parseNamespaceMounts(raw('mountinfo')),
    hidden: hidesProcesses(file('mountinfo')),
    uidMap: parseIdMap(file('uid_map')),
    offsets: parseOffsets(file('timens_offsets')),
    network: networkDetails((name) => file(`net/${name}`)),
    ipc: ['msg', 'sem', 'shm'].map((name) => countObjects(file(`sysvipc/${name}`))),
    privileges: {
      ...privileges,
      capabilities: Object.entries(privileges.capabilities).map(
        ([set, bits]) => `${set} ${capabilityNames(bits).length}`,
      ),
    },
  };
}

describe.each(KERNELS)('the texts of Linux %s', (kernel) => {
  it('are read as they are', async () => {
    const found = parsed(filesOf(kernel));
    await expect(`${JSON.stringify(found, undefined, 2)}\n`).toMatchFileSnapshot(`golden/proc-${kernel}.parsed.txt`);
  });

  it('have no file that is cut off and makes a parser throw', () => {
    const files = filesOf(kernel);
    for (const [name, file] of files) {
      if (['stat', 'status', 'kthread-stat'].includes(name)) continue;
      for (let length = 0; length < file.length; length += 7)
        parsed(new Map([...files, [name, file.subarray(0, length)]]));
    }
  });
});

it('tells the same of each kernel, but for numbers that are given out', () => {
  const [first, ...others] = KERNELS.map((kernel) => {
    const { process, command, mounts, uidMap, offsets, ipc, hidden, ...more } = parsed(filesOf(kernel));
    const network = { ...more.network, addresses: more.network.addresses.toSorted() };
    const inodes = mounts.map(({ type, path }) => ({ type, path }));
    return { comm: process?.comm, state: process?.state, command, network, inodes, uidMap, offsets, ipc, hidden };
  });
  for (const other of others) expect(other).toEqual(first);
  expect(first).toMatchObject({
    comm: 'x)\tZ (\n\uFFFD😀',
    command: 'sh /tmp/nasty an argument  last',
    inodes: [{ type: 'net', path: '/run/net ns/a \\040' }],
  });
});
