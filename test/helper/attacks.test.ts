import { execa } from 'execa';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import { hierarchyFor } from '../../src/cgroup/limits.ts';
import { findProgram } from '../../src/host/programs.ts';
import { startTimeOf } from '../../src/discovery/pin.ts';
import type { ProcessTarget } from '../../src/protocol/helper.ts';
import { patience, repeated } from '../support/pace.ts';
import { isRoot, USER } from '../support/unshared.ts';
import { until } from '../support/until.ts';
import { FOR_USER, holdNamespaces, inNetwork, release, result, STRANGER, targetOf, type Holder } from './holders.ts';
import { framed, HELPER, startRaw, type RawHelper } from './raw-helper.ts';
import { knownUser } from './system-calls.ts';

const FOR_STRANGER = { PKEXEC_UID: String(STRANGER) };
const pids = hierarchyFor('pids.max', cgroupHierarchies());
const id = 'test-attack';
const limits = { 'pids.max': 50 };
const MANY = repeated(1000);
const hasPerl = findProgram('perl') !== undefined;

describe.skipIf(!isRoot)('attacks on the helper (needs root)', () => {
  const helpers: RawHelper[] = [];
  const holders: Holder[] = [];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'helper-attack-'));
  });
  afterEach(async () => {
    for (const holder of holders.splice(0)) await release(holder);
    for (const helper of helpers.splice(0)) await helper.end();
    rmSync(folder, { recursive: true });
    expect(existsSync('/run/namespace-sandboxes')).toBe(false);
  });

  function start(...args: Parameters<typeof startRaw>): RawHelper {
    const helper = startRaw(...args);
    helpers.push(helper);
    return helper;
  }

  async function hold(...args: Parameters<typeof holdNamespaces>): Promise<Holder> {
    const holder = await holdNamespaces(...args);
    holders.push(holder);
    return holder;
  }

  it.skipIf(!pids)("another user's limits are not to be reached (needs a pids controller)", async () => {
    const [helper, other] = [start(FOR_USER), start(FOR_STRANGER)];
    const { folders } = await result<{ folders: Record<string, string> }>(other, 'limits/make', { id, limits });
    for (const verb of ['limits/freeze', 'limits/thaw', 'limits/kill'])
      await expect(result(helper, verb, { id })).rejects.toThrow(/no cgroup/);
    await result(helper, 'limits/remove', { id });
    await result(helper, 'limits/sweep', { ended: [id] });
    expect(existsSync(folders['pids.max'] ?? '')).toBe(true);
    await result(other, 'limits/remove', { id });
  });

  it('a number that is used again is another process', async () => {
    const helper = start(FOR_USER);
    const own = await hold(USER, '--net');
    await release(own);
    await until('another tick of the clock', () => ticksSinceBoot() > own.startTime);
    const reused = await reuse(own.pid);
    try {
      const ends = [
        { at: targetOf(own), name: 'x' },
        { at: targetOf(own), name: 'y' },
      ];
      await expect(result(helper, 'links/add', { ends })).rejects.toThrow(/another one/);
      const one = [{ inside: 0, outside: USER, count: 1 }];
      await expect(result(helper, 'ids/map', { at: targetOf(own), uids: one, gids: one })).rejects.toThrow();
      if (pids) {
        await result(helper, 'limits/make', { id, limits });
        await expect(result(helper, 'limits/place', { id, pid: own.pid })).rejects.toThrow(/another user/);
        await result(helper, 'limits/remove', { id });
      }
    } finally {
      await release(reused);
    }
  });

  it.each([
    ...['..', '../x', 'a/b', '/etc', '.', '', 'A', 'a\u0000', 'a\n', 'x'.repeat(33), 'x'.repeat(256)],
    ...['-', '--', '-n', '-all', '--help'],
  ])('no name %j is taken', async (name) => {
    const helper = start(FOR_USER);
    const at = { netns: name };
    const requests: readonly (readonly [string, object])[] = [
      ...['make', 'set'].map((verb) => [`limits/${verb}`, { id: name, limits }] as const),
      ...['freeze', 'thaw', 'kill', 'remove'].map((verb) => [`limits/${verb}`, { id: name }] as const),
      ['limits/place', { id: name, pid: 1 }],
      ['netns/add', { name }],
      ['netns/delete', { name }],
      [
        'links/add',
        {
          ends: [
            { at, name: 'a' },
            { at, name: 'b' },
          ],
        },
      ],
      ['links/delete', { at: { netns: 'n' }, name }],
      ['links/delete', { at, name: 'a' }],
      ['links/set', { at: { netns: 'n' }, name, up: true }],
      ['links/set', { at, name: 'lo', up: true }],
      ['networks/reach', { at, addresses: ['10.0.0.1'] }],
      ['limits/sweep', { ended: [name] }],
      ['uplinks/add', { at, name: 'a', subnet: '10.9.8.0/24' }],
      ['uplinks/add', { at: { netns: 'n' }, name, subnet: '10.9.8.0/24' }],
      ['uplinks/delete', { at }],
    ];
    for (const [verb, params] of requests)
      await expect(result(helper, verb, params), verb).rejects.toThrow(/are wrong/);
    expect(helper.seen.acts).toBe(0);
  });

  it.each([
    'namespace-sandboxes',
    `namespace-sandboxes/${USER}`,
    `namespace-sandboxes/${USER}/netns`,
    `namespace-sandboxes/${USER}/netns/test-link`,
    'netns',
    'netns/test-link',
  ])('a link in the place of /run/%s leads nowhere', async (path) => {
    const victim = join(folder, 'victim');
    mkdirSync(victim);
    const script = `mount -t tmpfs -o mode=755 tmpfs /run; cd /run; umask 077; mkdir -p "$(dirname ${path})"; chmod -f 755 netns
      ln -s ${victim} ${path}; exec "$@"`;
    const helper = start(FOR_USER, ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh']);
    // one among its own names is removed by the start, as what is half made
    const outcome = await helper.ask('netns/add', { name: 'test-link' });
    expect(outcome.error?.message ?? '').toMatch(/^$|not a folder of root's alone|EEXIST/);
    expect(outcome.error === undefined).toBe(path.endsWith('netns/test-link') && path.startsWith('namespace'));
    await result(helper, 'clean', {});
    expect(readdirSync(victim)).toEqual([]);
  });

  it('a folder that others can write to is not used', async () => {
    const script = `mount -t tmpfs -o mode=755 tmpfs /run; mkdir -m 777 /run/namespace-sandboxes; exec "$@"`;
    const helper = start(FOR_USER, ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh']);
    await expect(result(helper, 'netns/add', { name: 'test-open' })).rejects.toThrow(/root's alone/);
  });

  it('no word of the environment reaches a program that it runs', async () => {
    for (const name of ['ip', 'mount', 'unshare', 'setpriv', 'cat', 'flock', 'logger', 'node']) {
      writeFileSync(join(folder, name), `#!/bin/sh\n: >${folder}/was-run\n`);
      chmodSync(join(folder, name), 0o755);
    }
    const env = {
      ...FOR_USER,
      PATH: folder,
      LD_LIBRARY_PATH: folder,
      NODE_PATH: folder,
      BASH_ENV: '/x',
      IFS: '/',
    };
    const helper = start(env);
    const made = await result<ProcessTarget>(helper, 'namespaces/start', {});
    expect(readFileSync(`/proc/${made.pid}/environ`, 'latin1').split('\0').filter(Boolean).sort()).toEqual([
      'LC_ALL=C',
      'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    ]);
    expect(readFileSync(`/proc/${made.pid}/status`, 'latin1')).toContain(`Uid:\t${USER}\t${USER}`);
    await result(helper, 'netns/add', { name: 'test-env' });
    await result(helper, 'netns/delete', { name: 'test-env' });
    expect(existsSync(join(folder, 'was-run'))).toBe(false);
  });

  it.skipIf(!hasPerl)('one that is started without any argument is the same one (needs perl)', async () => {
    const script = join(folder, 'helper');
    writeFileSync(script, `#!/bin/sh\nexec ${process.execPath} ${HELPER}\n`, { mode: 0o755 });
    const helper = start(FOR_USER, withoutArguments(script));
    expect(await result(helper, 'netns/list', {})).toEqual({ names: [] });
    const enter = join(folder, 'enter');
    copyFileSync('src/helper/enter.sh', enter);
    chmodSync(enter, 0o755);
    const [file = '', ...args] = withoutArguments(enter);
    const { exitCode, stderr, stdout } = await execa(file, args, { reject: false, input: 'echo entered\n' });
    expect({ exitCode, stderr, stdout }).toEqual({
      exitCode: 125,
      stderr: 'enter PID STARTED TYPE:INODE…',
      stdout: '',
    });
  });

  it.skipIf(!pids)('nobody can use up the cgroups or the names of the machine (needs a pids controller)', async () => {
    const helper = start(FOR_USER);
    const there = ownCgroups().length;
    const names = Array.from({ length: 1001 }, (_, index) => `test-${index}`);
    const errors: unknown[] = [];
    for (const name of names) errors.push((await helper.ask('limits/make', { id: name, limits })).error?.message);
    await result(helper, 'limits/sweep', { ended: names.slice(0, 1000) });
    expect(errors.findIndex(Boolean)).toBe(1000 - there);
    expect(ownCgroups()).toHaveLength(there);
    expect(errors[1000]).toMatch(/has 1000 cgroups already/);
    expect(await helper.ask('limits/make', { id, limits })).toHaveProperty('result');
    await result(helper, 'limits/remove', { id });
  });

  it('one whose caller has blocked and ignored every signal, and left it few descriptors, does its work or nothing', async () => {
    const evil = ['env', '--ignore-signal', '--block-signal', 'prlimit', '--fsize=0', '--core=0', '--nofile=64', '--'];
    const helper = start(FOR_USER, evil);
    await result(helper, 'netns/add', { name: 'test-evil' });
    await result(helper, 'netns/delete', { name: 'test-evil' });
    for (const descriptors of [18, 20, 22, 24, 26, 28]) {
      const poor = startRaw(FOR_USER, ['prlimit', `--nofile=${descriptors}`, '--']);
      await poor.ask('netns/add', { name: 'test-evil' }).catch(() => undefined);
      await poor.end();
      const next = startRaw(FOR_USER);
      await next.ask('netns/delete', { name: 'test-evil' });
      await next.end();
      expect([existsSync('/run/netns/test-evil'), existsSync('/run/namespace-sandboxes')]).toEqual([false, false]);
    }
  });

  it('who writes without reading is held up, and the helper does not grow', { timeout: patience(60_000) }, async () => {
    const child = spawn(process.execPath, [HELPER], { stdio: ['pipe', 'pipe', 'ignore'], env: FOR_USER });
    const request = framed('{"jsonrpc":"2.0","id":1,"method":"run","params":{}}');
    const flood = Buffer.concat(Array.from({ length: 300_000 }, () => request));
    await once(child.stdout, 'readable');
    child.stdin.write(flood);
    let last = -1;
    let times = 0;
    await until('it to read no more', () => {
      const left = readOf(child.pid ?? 0);
      times = left === last ? times + 1 : 0;
      last = left;
      return times > 10;
    });
    expect(last).toBeLessThan(flood.length / 2);
    expect(rssOf(child.pid ?? 0)).toBeLessThan(120 * 1024 ** 2);
    const exit = once(child, 'exit');
    child.stdout.resume();
    child.stdin.end();
    expect(await exit).toEqual([0, null]);
  });

  it(
    'one that is killed at any moment leaves nothing that the next does not remove',
    { timeout: patience(120_000) },
    async () => {
      const [one, other] = [await hold(USER, '--net'), await hold(USER, '--net')];
      const ends = [
        { at: targetOf(one), name: 'killed', address: '10.9.2.1/24' },
        { at: targetOf(other), name: 'killed', address: '10.9.2.2/24' },
      ];
      const named = ['netns/add', { name: 'test-killed' }] as const;
      const made = ['limits/make', { id, limits }] as const;
      const deleted = ['links/delete', { at: targetOf(one), name: 'killed' }] as const;
      const verbs: readonly (readonly [KilledRequest, before?: KilledRequest])[] = [
        [named],
        [['netns/delete', { name: 'test-killed' }], named],
        [['links/add', { ends }]],
        [deleted, ['links/add', { ends }]],
        ...(pids
          ? ([
              [made],
              [['limits/set', { id, limits: { 'pids.max': 60 } }], made],
              [['limits/freeze', { id }], made],
              [['limits/kill', { id }], made],
            ] as const)
          : []),
      ];
      for (const [request, before] of verbs) {
        for (let round = 0; round < 12; round += 1) {
          const helper = startRaw(FOR_USER);
          if (before) await result(helper, ...before);
          await killedAfter(helper, request, round);
          await removedByNext(one);
        }
      }
    },
  );

  it('one that is killed while it makes or maps a user namespace leaves none, and no map that is not whole', async () => {
    const ids = [{ inside: 0, outside: 900_000, count: 1000 }];
    const asKnown = ['unshare', ...knownUser(folder)];
    for (let round = 0; round < 8; round += 1) {
      await killedAfter(startRaw(FOR_USER, asKnown), ['namespaces/start', {}], round);
      await until('its user to have no process', async () => {
        const { exitCode } = await execa('pgrep', ['--uid', String(USER)], { reject: false });
        return exitCode === 1;
      });
      const holder = await holdNamespaces(USER);
      try {
        const params = { at: targetOf(holder), uids: ids, gids: ids };
        await killedAfter(startRaw(FOR_USER, asKnown), ['ids/map', params], round);
        const next = startRaw(FOR_USER, asKnown);
        await result(next, 'ids/map', params).catch((error: unknown) => {
          expect(String(error)).toContain('mapped already');
        });
        await next.end();
        for (const file of ['uid_map', 'gid_map'])
          expect(readFileSync(`/proc/${holder.pid}/${file}`, 'utf8').trim()).toMatch(/^0 +900000 +1000$/);
      } finally {
        await release(holder);
      }
    }
  });

  type KilledRequest = readonly [verb: string, params: object];

  /** Sends a request, and kills the helper some milliseconds later. */
  async function killedAfter(helper: RawHelper, [method, params]: KilledRequest, milliseconds: number): Promise<void> {
    await helper.ask('netns/list', {});
    await helper.write(framed(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    process.kill(helper.pid, 'SIGKILL');
    await helper.exit;
  }

  /** A new helper; what was whole is deleted, and of what was half made there must be nothing. */
  async function removedByNext(sandbox: Holder): Promise<void> {
    const next = startRaw(FOR_USER);
    const { names } = await result<{ names: readonly string[] }>(next, 'netns/list', {});
    expect(readdirSync('/run/netns').filter((name) => name === 'test-killed')).toEqual(names);
    for (const name of names) await result(next, 'netns/delete', { name });
    const shown = await inNetwork(sandbox, 'ip', '-br', 'address');
    if (shown.includes('killed')) {
      expect(shown).toContain('10.9.2.1/24');
      await result(next, 'links/delete', { at: targetOf(sandbox), name: 'killed' });
    }
    await result(next, 'limits/remove', { id });
    await next.end();
    expect(existsSync('/run/namespace-sandboxes')).toBe(false);
    for (const { mountPoint } of cgroupHierarchies())
      expect(existsSync(join(mountPoint, 'namespace-sandboxes', `${USER}.${id}`)), mountPoint).toBe(false);
  }

  it('two at once do not get in the way of each other', { timeout: patience(60_000) }, async () => {
    const both = [start(FOR_USER), start(FOR_USER)];
    for (let round = 0; round < 10; round += 1) {
      const name = `test-two-${round % 2}`;
      const adds = await Promise.all(both.map((helper) => helper.ask('netns/add', { name })));
      expect(adds.filter(({ error }) => error === undefined)).toHaveLength(1);
      const deletes = await Promise.all(both.map((helper) => helper.ask('netns/delete', { name })));
      expect(deletes.filter(({ error }) => error === undefined)).toHaveLength(1);
    }
  });

  it(`${MANY} of them leave nothing`, { timeout: patience(300_000) }, async () => {
    const lists = () => [readdirSync('/run'), ...cgroupHierarchies().map(({ mountPoint }) => readdirSync(mountPoint))];
    const before = lists();
    const round = async (): Promise<void> => {
      const child = spawn(process.execPath, [HELPER], { stdio: ['pipe', 'pipe', 'ignore'], env: FOR_USER });
      await once(child.stdout, 'data');
      const exit = once(child, 'exit');
      child.stdin.end();
      expect(await exit).toEqual([0, null]);
    };
    for (let done = 0; done < MANY; done += 4) await Promise.all([round(), round(), round(), round()]);
    expect(lists()).toEqual(before);
    const { stdout } = await execa('pgrep', ['-f', `^${process.execPath} ${HELPER}`], { reject: false });
    expect(stdout).toBe('');
  });
});

/** Names of cgroups of the user, of sandboxes that run meanwhile. */
function ownCgroups(): readonly string[] {
  const folder = join(pids?.mountPoint ?? '', 'namespace-sandboxes');
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(`${USER}.`)) : [];
}

/** Words that run a program with no argument at all, not even its name (execve(2), of which perl(1) knows the number alone). */
function withoutArguments(program: string): readonly string[] {
  const execve = process.arch === 'arm64' ? 221 : 59;
  return [
    'perl',
    '-e',
    `my ($p, $n) = ("${program}", pack("Q", 0)); syscall ${execve}, $p, $n, $ENV{PKEXEC_UID} ? pack("PQ", "PKEXEC_UID=$ENV{PKEXEC_UID}\\0", 0) : $n`,
  ];
}

/** A process of a stranger with a network of its own that has a certain number. */
async function reuse(pid: number): Promise<Holder> {
  return until('the number to be free', async () => {
    writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
    const holder = await holdNamespaces(STRANGER, '--net');
    if (holder.pid === pid && startTimeOf(pid) !== undefined) return holder;
    await release(holder);
    return undefined;
  });
}

/** In the unit of start times: a hundredth of a second (proc_uptime(5)). */
function ticksSinceBoot(): number {
  return Math.floor(Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 100);
}

function readOf(pid: number): number {
  return Number(/rchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]);
}

function rssOf(pid: number): number {
  return Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
}
