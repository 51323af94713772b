import fc from 'fast-check';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { NAMESPACE_TYPES } from '../../src/model/namespace.ts';
import { startTimeOf } from '../../src/discovery/pin.ts';
import { parseCgroups, parseCommand, parsePageSize, parseStat } from '../../src/discovery/processes.ts';
import { readProcesses } from '../../src/discovery/sight.ts';
import { patience } from '../support/pace.ts';
import { makeCaller } from '../support/unshared.ts';
import { until } from '../support/until.ts';
import { startChild, type Child } from './child.ts';

/** The fields after the name, as a Linux 6.18 prints them. */
const TAIL =
  'S 1 4242 4242 0 -1 4194560 1290 0 3 0 2 5 0 0 20 0 1 0 987654 4435968 913 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0\n';

const statOf = (pid: number, comm: Buffer | string, tail = TAIL): Buffer =>
  Buffer.concat([Buffer.from(`${pid} (`), Buffer.from(comm), Buffer.from(`) ${tail}`)]);

describe('stat', () => {
  it('gives name, state, parent, start and resident memory', () => {
    expect(parseStat(statOf(4242, 'sleep'), 16_384)).toEqual({
      comm: 'sleep',
      state: 'S',
      ppid: 1,
      startTime: 987_654,
      rss: 913 * 16_384,
      threads: 1,
      kernel: false,
    });
  });

  it.each([
    ['a) R (b', 'a) R (b'],
    ['\n) Z 1\n', '\n) Z 1\n'],
    [Buffer.from([0x61, 0xff, 0x62]), 'a\uFFFDb'],
    ['', ''],
  ])('reads the name %j', (comm, expected) => {
    expect(parseStat(statOf(7, comm), 1)).toMatchObject({ comm: expected, state: 'S', startTime: 987_654 });
  });

  it('reads the fields behind any name', () => {
    const name = fc.uint8Array({ maxLength: 15 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(name, fc.nat(), fc.nat(), (comm, ppid, startTime) => {
        const stat = statOf(7, comm, TAIL.replace('S 1 ', `D ${ppid} `).replace('987654', String(startTime)));
        expect(parseStat(stat, 1)).toMatchObject({
          comm: comm.toString('utf8'),
          state: 'D',
          ppid,
          startTime,
          rss: 913,
        });
      }),
    );
  });

  it('refuses what is cut off', () => {
    const whole = statOf(4242, 'sleep');
    const untilPages = whole.indexOf('913');
    for (let length = 0; length < untilPages; length += 1) {
      expect(parseStat(whole.subarray(0, length), 1)).toBeUndefined();
    }
  });
});

it('reads the page size from the auxiliary vector', () => {
  const pairs = [33n, 7n, 6n, 65_536n, 0n, 0n];
  const auxv = Buffer.from(new BigUint64Array(pairs).buffer);
  expect(parsePageSize(auxv)).toBe(65_536);
  expect(parsePageSize(auxv.subarray(0, 24))).toBe(4096);
});

describe('cmdline', () => {
  it('puts blanks between any arguments', () => {
    const argument = fc.string({ minLength: 1 }).filter((text) => !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(argument), (args) => {
        const cmdline = args.map((text) => `${text}\0`).join('');
        expect(parseCommand(Buffer.from(cmdline))).toBe(args.join(' '));
      }),
    );
  });

  it('keeps an empty argument in the middle, and takes a line without NUL at its end', () => {
    expect(parseCommand(Buffer.from('a\0\0b\0'))).toBe('a  b');
    expect(parseCommand(Buffer.from('nginx: worker process'))).toBe('nginx: worker process');
  });
});

describe('cgroup', () => {
  it('gives a path for each hierarchy', () => {
    const text = '12:cpu,cpuacct:/a b\n4:memory:/x/y:z\n1:name=systemd:/user.slice\n0::/user.slice/../x\n';
    expect(parseCgroups(text)).toEqual({
      'cpu,cpuacct': '/a b',
      memory: '/x/y:z',
      'name=systemd': '/user.slice',
      '': '/user.slice/../x',
    });
  });

  it('reads any path', () => {
    const path = fc.string({ unit: 'binary' }).filter((text) => !/[\n\0]/.test(text));
    fc.assert(
      fc.property(path, (end) => {
        expect(parseCgroups(`0::/${end}\n1:pids:/\n`)).toEqual({ '': `/${end}`, pids: '/' });
      }),
    );
  });
});

describe('the processes of this machine', () => {
  const children: Child[] = [];
  const started = async (starting: Promise<Child>): Promise<Child> => {
    const child = await starting;
    children.push(child);
    return child;
  };
  const shell = (...args: readonly string[]): Promise<Child> => started(startChild('sh', ['-c', ...args]));
  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.end()));
  });

  it('are ascending, and one of them is this one', () => {
    const processes = readProcesses();
    const pids = processes.map(({ pid }) => pid);
    expect(pids).toEqual([...new Set(pids)].sort((a, b) => a - b));
    const own = processes.find(({ pid }) => pid === process.pid);
    expect(own).toMatchObject({
      ppid: process.ppid,
      uid: process.geteuid?.(),
      comm: readFileSync('/proc/self/comm', 'utf8').trimEnd(),
      startTime: startTimeOf(process.pid),
      cgroups: parseCgroups(readFileSync('/proc/self/cgroup', 'utf8')),
    });
    const links = NAMESPACE_TYPES.map((type) => `${type}:[${own?.namespaces[type] ?? ''}]`);
    expect(links).toEqual(NAMESPACE_TYPES.map((type) => readlinkSync(`/proc/self/ns/${type}`)));
    expect(own?.rss).toBeGreaterThan(process.memoryUsage.rss() / 2);
    expect(own?.rss).toBeLessThan(process.memoryUsage.rss() * 2);
  });

  it('are read with the nastiest of names', async () => {
    const { pid } = await shell(`printf 'x)\\tZ (\\n\\377😀' > /proc/$$/comm; echo ready; read _`);
    expect(readProcesses().find((one) => one.pid === pid)).toMatchObject({
      comm: 'x)\tZ (\n\uFFFD😀',
      ppid: process.pid,
    });
  });

  it('have command lines that are cut where they are longest', async () => {
    const { pid } = await shell('echo ready; read _', 'x'.repeat(100_000));
    expect(readProcesses().find((one) => one.pid === pid)?.command).toMatch(/^sh -c echo ready; read _ x{60000}/);
  });

  it('leave out what ends meanwhile', async () => {
    const seconds = [10, 20, 30, 40, 50, 60].map((milliseconds) => patience(milliseconds) / 1000);
    const several = `for i in ${seconds.join(' ')}; do sleep $i & sleep $i & sleep $i & sleep $i & done`;
    const { pid } = await shell(`echo ready; while :; do ${several}; wait; done`);
    const shortLived = await until('some of them', () => {
      const all = Array.from({ length: 60 }, readProcesses).flat();
      const some = all.filter(({ ppid }) => ppid === pid);
      return some.length > 0 && some;
    });
    for (const { namespaces, cgroups } of shortLived) {
      expect(namespaces.user).toBeTypeOf('number');
      expect(Object.keys(cgroups)).not.toEqual([]);
    }
  });

  it.skipIf(process.getuid?.() !== 0)(
    'belong to their user, also where root owns their files (needs root)',
    async () => {
      // After a change of user without exec nobody may look into it (dumpable in proc(5)).
      const program = 'process.seteuid(4711); console.log("ready"); process.stdin.resume()';
      const { pid } = await started(startChild(process.execPath, ['-e', program]));
      expect(statSync(`/proc/${pid}/stat`).uid).toBe(0);
      expect(readProcesses().find((one) => one.pid === pid)?.uid).toBe(4711);
    },
  );

  it.skipIf(process.getuid?.() !== 0)('hide from others the namespaces they may not see (needs root)', async () => {
    const caller = makeCaller('user');
    try {
      const { stdout, stderr } = await caller.unshared(['namespaces', '--json']);
      expect(stderr).toBe('');
      const { namespaces } = JSON.parse(stdout) as { namespaces: { type: string; pids: number[] }[] };
      expect(new Set(namespaces.map(({ type }) => type))).toEqual(new Set(NAMESPACE_TYPES));
      const pids = namespaces.flatMap((namespace) => namespace.pids);
      expect(pids).not.toContain(process.pid);
      expect(pids).not.toContain(1);
    } finally {
      caller.remove();
    }
  });
});
