import { expect, it } from 'vitest';
import type { Privileges } from '../../src/model/privileges.ts';
import type { Process } from '../../src/model/process.ts';
import { comparisonText } from '../../src/text/comparison.ts';

const HOST = { user: 1, mnt: 2, pid: 3, net: 4, ipc: 5, uts: 6, cgroup: 7, time: 8 };
const ALL = 0x1ff_ffff_ffffn;

function process(parts: Partial<Process>): Process {
  return {
    pid: 1,
    ppid: 0,
    uid: 0,
    comm: 'sh',
    command: '',
    state: 'S',
    startTime: 1,
    rss: 0,
    namespaces: HOST,
    readable: true,
    cgroups: { '': '/user.slice', memory: '/' },
    ...parts,
  };
}

function privileges(parts: Partial<Privileges> = {}): Privileges {
  const capabilities = { effective: ALL, permitted: ALL, inheritable: 0n, bounding: ALL, ambient: 0n };
  return { capabilities, noNewPrivs: false, seccomp: 'off', seccompFilters: 0, ...parts };
}

const host = { process: process({ pid: 812, comm: 'bash' }), privileges: privileges() };

it('shows in a table each thing in which two processes may differ', async () => {
  const container = {
    process: process({
      pid: 4242,
      uid: 101,
      comm: 'a|b\n`c`',
      command: 'nginx -g "daemon off;" | tee\tlog',
      namespaces: { ...HOST, mnt: 22, pid: 33, net: 44 },
      cgroups: { '': '/docker/0123456789ab', memory: '/' },
    }),
    privileges: privileges({
      capabilities: { effective: 0x400n, permitted: 0x400n, inheritable: 0n, bounding: 0xa80425fbn, ambient: 0n },
      noNewPrivs: true,
      seccomp: 'filter',
      seccompFilters: 1,
    }),
  };
  await expect(comparisonText(host, container)).toMatchFileSnapshot('golden/comparison.md');
});

it('says what is not known, and counts it as no difference', async () => {
  const foreign = { process: process({ pid: 77, namespaces: {}, readable: false }), privileges: undefined };
  await expect(comparisonText(host, foreign)).toMatchFileSnapshot('golden/comparison-unknown.md');
});

it('says that nothing differs where nothing does', () => {
  const other = { ...host, process: { ...host.process, pid: 813 } };
  expect(comparisonText(host, other)).toContain('\nNothing that is known differs.\n');
});
