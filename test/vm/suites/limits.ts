import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe } from 'node:test';
import type { LimitKey } from '../../../src/model/limits/table.ts';
import type { LimitsGiven, Sandbox } from '../../../src/model/sandbox.ts';
import { until } from '../../support/until.ts';
import { delegatedLeaf } from './delegated.ts';
import {
  around,
  it,
  listed,
  recorded,
  root,
  sandboxFolders,
  startedIn,
  tester,
  testerAlone,
  type Caller,
} from './guest.ts';
import { nothingLeft } from './left.ts';
import { processesBeside } from './processes.ts';
import { openTerminal, WAIT, type Terminal } from './terminal.ts';

const HOG = 'head -c 100M /dev/zero | tail | wc -c';
const FORKS = '(i=0; while [ $i -lt 40 ]; do sleep 2 & i=$((i + 1)); done; echo all forked)';
const LIMITS = ['--limit', 'memory.max=64M', '--limit', 'pids.max=30', '--limit', 'cpu.max=80%'];

describe('limits by the systemd manager of a user', () => holdLimits('systemd', tester));
describe('limits in a subtree that was delegated to a user', () =>
  holdLimits('own', startedIn(delegatedLeaf('delegated', 'yes'), testerAlone)));
describe('limits by the helper', () => holdLimits('helper', testerAlone));
describe('limits by root itself', () => holdLimits('own', root));

/**
 * What root inside with every capability does to raise them, from where it is and from a cgroup below, in cgroup namespaces of
 * its own: the kernel guards the files of the root of a namespace, but only from who is in that namespace (cgroup-v2.rst, "Delegation").
 */
const RAISE = [
  'raise() { for file in memory.max pids.max cpu.max; do (echo max >$1/$file) 2>/dev/null && echo raised $1/$file; done; }',
  'raise_all() { mkdir -p $1; mount -t cgroup2 c $1; raise $1; raise $1/below; raise /tmp/first; }',
  'mkdir /tmp/first; mount -t cgroup2 c /tmp/first; raise /tmp/first; mkdir /tmp/first/below; echo 0 >/tmp/first/below/cgroup.procs',
  'for how in "" "--user --map-root-user"; do unshare $how --mount --cgroup sh -c "$(declare -f raise raise_all); raise_all /tmp/second"; done',
].join('\n');

/** One sandbox in which everything is tried, looked at from outside. */
function holdLimits(way: LimitsGiven['way'], caller: Caller): void {
  let terminal: Terminal | undefined;
  let sandbox: Sandbox;
  around(
    () => undefined,
    () => terminal?.end(),
  );

  it('hold a hog, a fork bomb and a busy loop', async () => {
    terminal = openTerminal(caller, ['run', ...LIMITS, '--', 'sh', '-c', `${HOG}; ${FORKS}; ${WAIT}`]);
    await terminal.waits();
    sandbox = recorded(caller);
    assert.ok(counter('memory.max', 'memory.events', 'oom_kill') > 0, 'memory.max has killed');
    assert.ok(counter('pids.max', 'pids.events', 'max') > 0, 'pids.max has refused');
    assert.ok(counter('cpu.max', 'cpu.stat', 'nr_throttled') > 0, 'cpu.max has throttled');
  });

  it('are told with the way by which they hold', async () => {
    const { limits } = way === 'systemd' ? await listed(caller) : sandbox;
    assert.equal(limits.way, way);
    assert.deepEqual(limits.held, { 'memory.max': '64M', 'pids.max': '30', 'cpu.max': '80%' });
    assert.deepEqual(limits.missing, {});
  });

  it('hold a second terminal, in the same cgroup', async () => {
    await until('the fork bomb to be over', () => counter('pids.max', 'pids.current') < 15);
    const killed = counter('memory.max', 'memory.events', 'oom_kill');
    const second = openTerminal(caller, ['enter', sandbox.id, '--', 'sh', '-c', `${HOG}; ${WAIT}`]);
    await second.waits();
    assert.ok(counter('memory.max', 'memory.events', 'oom_kill') > killed, 'memory.max has killed');
    const places = processesBeside(sandbox.pid).map((pid) => readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim());
    assert.ok(places.length >= 3, `PID 1 and both terminals: ${places.join(' ')}`);
    // what a user owns is one cgroup above the processes, so that nobody inside can write to it
    const inside = way === 'systemd' || (way === 'own' && caller.uid !== 0) ? '/inside' : '';
    assert.deepEqual(new Set(places), new Set([`0::${folder('memory.max').replace('/sys/fs/cgroup', '')}${inside}`]));
    const { stderr } = await second.end();
    assert.match(stderr, /killed by memory\.max = 64M/);
    if (way !== 'helper') assert.doesNotMatch(stderr, /as root/);
  });

  it('are not raised from inside, by whatever root there can do', async () => {
    const inside = ['bash', '-c', `${RAISE}; cat /tmp/first/cgroup.procs >/dev/null && echo tried; ${WAIT}`];
    const learner = openTerminal(caller, ['run', '--profile', 'learn', ...LIMITS, '--', ...inside]);
    await learner.waits();
    const [learns] = sandboxFolders(caller).filter((id) => id.startsWith('learn'));
    const enter = openTerminal(caller, [
      'enter',
      learns ?? '',
      '--',
      'bash',
      '-c',
      `umount /tmp/first; rmdir /tmp/first; ${RAISE}; ${WAIT}`,
    ]);
    await enter.waits();
    const { cgroups } = recorded(caller, learns).limits;
    const found = Object.entries(cgroups).map(([key, at]) => readFileSync(`${at}/${key}`, 'utf8').trim());
    assert.deepEqual(found, ['67108864', '30', '80000 100000']);
    assert.equal((await enter.end()).stdout, 'waiting');
    assert.equal((await learner.end()).stdout, 'tried\nwaiting');
  });

  it('are named where they have killed, and leave nothing', async () => {
    const { stderr = '' } = (await terminal?.end()) ?? {};
    assert.match(stderr, /killed by memory\.max = 64M/);
    assert.match(stderr, /Cannot fork/);
    if (way === 'helper') assert.match(stderr, /as root: removed the cgroups/);
    else assert.doesNotMatch(stderr, /as root/);
    await nothingLeft(caller);
  });

  function folder(key: LimitKey): string {
    return sandbox.limits.cgroups[key] ?? assert.fail(`${key} has no cgroup`);
  }

  /** The number in a file of a cgroup, or that behind a word. */
  function counter(key: LimitKey, file: string, word = ''): number {
    const text = readFileSync(`${folder(key)}/${file}`, 'utf8');
    return Number(new RegExp(`^${word} ?(\\d+)$`, 'm').exec(text)?.[1]);
  }
}
