import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe } from 'node:test';
import type { LimitKey } from '../../../src/model/limits/table.ts';
import type { LimitsGiven } from '../../../src/model/sandbox.ts';
import {
  around,
  it,
  recorded,
  root,
  run,
  stranger,
  tester,
  testerAlone,
  unshared,
  withEnv,
  type Caller,
} from './guest.ts';
import { nothingLeft } from './left.ts';
import { openTerminal, WAIT, whileRunning } from './terminal.ts';

const MIB = 1024 ** 2;
const DISK = '/dev/vda';
/** Files of more than memory.high: unlike other memory they are taken back at once, so that being slowed down has an end. */
const READ_MUCH = 'cat /usr/lib/x86_64-linux-gnu/* >/dev/null 2>&1';
/** What is in memory already counts for nobody who reads it again (sysctl vm). */
const forgetFiles = (): void => writeFileSync('/proc/sys/vm/drop_caches', '3');

/** Each limit with what its file is to say; those of the first list are delegated to any user by default. */
const DELEGATED = {
  'memory.max': ['64M', String(64 * MIB)],
  'memory.high': ['12M', String(12 * MIB)],
  'memory.low': ['4M', String(4 * MIB)],
  'memory.swap.max': ['0', '0'],
  'cpu.weight': ['50', '50'],
} as const;
const OF_SYSTEMD = {
  ...DELEGATED,
  'cpuset.cpus': ['0', '0'],
  'io.max': [`${DISK} rbps=100M wiops=900`, () => `${numbersOf(DISK)} rbps=104857600 wbps=max riops=max wiops=900`],
} as const;
const OF_ROOT = { ...OF_SYSTEMD, 'hugetlb.2MB.max': ['5M', String(4 * MIB)] } as const;

type Table = Readonly<Partial<Record<LimitKey, readonly [string, string | (() => string)]>>>;

describe('every limit by root itself', () => {
  holdAll('own', root, OF_ROOT);
  refuse(root);
});
describe('every limit by the helper', () => {
  holdAll('helper', testerAlone, OF_ROOT);
  refuse(testerAlone);
});
describe('every limit that is delegated to the systemd manager of a user', () => holdAll('systemd', tester, DELEGATED));

const RUNTIME = '/run/user/1001';
const managed: Caller = {
  ...withEnv(stranger, 'XDG_RUNTIME_DIR', RUNTIME),
  runtime: `${RUNTIME}/namespace-sandboxes`,
};

describe('limits of a systemd manager without the controllers cpuset and io', () => {
  const folder = '/srv/soft-cpus';
  around(
    async () => {
      await run(['systemctl', 'start', 'user@1001.service']);
      const limits = { mode: 'best-effort', 'memory.high': '48M', 'cpuset.cpus': '0', 'hugetlb.2MB.max': 0 };
      mkdirSync(`${folder}/.vscode`, { recursive: true });
      writeFileSync(`${folder}/.vscode/sandboxes.json`, JSON.stringify({ profiles: { soft: { limits } } }));
    },
    () => run(['systemctl', 'stop', 'user@1001.service']),
  );

  it('are missing with their cause where they are of best effort', async () => {
    const { stderr } = await whileRunning(managed, ['--workspace', folder, '--profile', 'soft'], () => {
      const { way, held, missing } = recorded(managed).limits;
      assert.equal(way, 'systemd');
      assert.equal(held['memory.high'], '48M');
      assert.match(missing['cpuset.cpus'] ?? '', /not delegated to the user's systemd manager/);
      assert.equal(missing['hugetlb.2MB.max'], 'systemd knows no such limit');
    });
    assert.match(stderr, /Runs without cpuset\.cpus: its controller is not delegated/);
    await nothingLeft(managed);
  });

  it('are asked of the helper where they are strict', async () => {
    const { exitCode, stderr } = await unshared(managed, 'run', '--limit', 'cpuset.cpus=0', '--', 'true');
    assert.equal(exitCode, 125);
    assert.match(stderr, /The helper was not authorised/);
    await nothingLeft(managed);
  });
});

describe('limits of a systemd manager with every controller', () => {
  const dropIn = '/run/systemd/system/user@1001.service.d';
  around(
    async () => {
      mkdirSync(dropIn, { recursive: true });
      // after the file delegate.conf of this machine, which has fewer
      writeFileSync(`${dropIn}/every-controller.conf`, '[Service]\nDelegate=cpu cpuset io memory pids\n');
      await run(['systemctl', 'daemon-reload']);
      await run(['systemctl', 'start', 'user@1001.service']);
    },
    async () => {
      await run(['systemctl', 'stop', 'user@1001.service']);
      rmSync(dropIn, { recursive: true });
      await run(['systemctl', 'daemon-reload']);
    },
  );
  holdAll('systemd', managed, OF_SYSTEMD);
});

/** One sandbox under all of them, looked at from outside. */
function holdAll(way: LimitsGiven['way'], caller: Caller, table: Table): void {
  const limits = Object.entries(table) as [LimitKey, readonly [string, string | (() => string)]][];
  const options = limits.flatMap(([key, [text]]) => ['--limit', `${key}=${text}`]);

  it('stands in its file, holds the first terminal and a second one, and leaves nothing', async () => {
    forgetFiles();
    const terminal = openTerminal(caller, ['run', ...options, '--', 'sh', '-c', `${READ_MUCH}; ${WAIT}`]);
    try {
      await terminal.waits();
      const { id, limits: given } = recorded(caller);
      assert.deepEqual({ way: given.way, missing: given.missing }, { way, missing: {} });
      for (const [key, [text, kept]] of limits) {
        assert.equal(given.held[key], text);
        const found = readFileSync(`${given.cgroups[key] ?? ''}/${key}`, 'utf8').trim();
        assert.equal(found, typeof kept === 'string' ? kept : kept(), key);
      }
      const events = readFileSync(`${given.cgroups['memory.high'] ?? ''}/memory.events`, 'utf8');
      assert.match(events, /^high [1-9]\d*$/m, 'memory.high has slowed down');
      const { stdout } = await unshared(caller, 'enter', id, '--', 'sh', '-c', 'cat /proc/self/cgroup; nproc');
      assert.equal(stdout, '0::/\n1');
    } finally {
      await terminal.end();
    }
    await nothingLeft(caller);
  });
}

/** CPUs that the machine does not have, and pages that its processors do not know. */
function refuse(caller: Caller): void {
  it('is named with the cause where the kernel refuses it', async () => {
    const limits = ['--limit', 'cpuset.cpus=7', '--limit', 'hugetlb.16GB.max=0'];
    const { exitCode, stdout, stderr } = await unshared(caller, 'run', ...limits, '--', 'echo', 'in');
    assert.deepEqual({ exitCode, stdout }, { exitCode: 125, stdout: '' });
    assert.match(
      stderr,
      /cpuset\.cpus cannot be enforced here: the kernel (?:kept "0" in|took no "7" for) cpuset\.cpus/,
    );
    assert.match(stderr, /hugetlb\.16GB\.max cannot be enforced here: this kernel has no hugetlb\.16GB\.max\./);
    await nothingLeft(caller);
  });
}

function numbersOf(disk: string): string {
  const { rdev } = statSync(disk);
  return `${rdev >> 8}:${rdev & 0xff}`;
}
