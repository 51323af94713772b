import assert from 'node:assert/strict';
import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe } from 'node:test';
import { delegatedLeaf } from './delegated.ts';
import {
  around,
  it,
  recorded,
  root,
  run,
  startedIn,
  stranger,
  tester,
  testerAlone,
  unshared,
  withEnv,
  type Caller,
} from './guest.ts';
import { nothingLeft } from './left.ts';
import { whileRunning } from './terminal.ts';

const RUNTIME = '/run/user/1001';
const SOFT = '/srv/soft';
const RUN = ['run', '--', 'echo', 'in'];
const RUN_STRICTLY = ['run', '--limit', 'memory.max=64M', '--', 'echo', 'in'];

describe('limits in a subtree without every controller', () => {
  const caller = startedIn(delegatedLeaf('partly', 'memory pids'), testerAlone);

  it('are all kept by the helper where they are strict', async () => {
    await whileRunning(caller, ['--limit', 'memory.max=64M', '--limit', 'cpu.max=80%'], () => {
      const { way, held } = recorded(caller).limits;
      assert.deepEqual(
        { way, held },
        { way: 'helper', held: { 'memory.max': '64M', 'pids.max': '1024', 'cpu.max': '80%' } },
      );
    });
    await nothingLeft(caller);
  });

  it('let nobody in who was started elsewhere, in clear words', async () => {
    await whileRunning(caller, ['--limit', 'memory.max=64M'], async () => {
      const { id, limits } = recorded(caller);
      assert.equal(limits.way, 'own');
      const { exitCode, stdout, stderr } = await unshared(testerAlone, 'enter', id, '--', 'echo', 'in');
      assert.deepEqual({ exitCode, stdout }, { exitCode: 1, stdout: '' });
      assert.match(
        stderr,
        /^This terminal could not be put under the limits: the kernel refused to move it into \S+\.$/,
      );
    });
    await nothingLeft(caller);
  });
});

describe('limits by a systemd manager without every controller', () => {
  const caller: Caller = {
    ...withEnv(stranger, 'XDG_RUNTIME_DIR', RUNTIME),
    runtime: `${RUNTIME}/namespace-sandboxes`,
  };
  around(
    async () => {
      await run(['systemctl', 'start', 'user@1001.service']);
      const limits = { mode: 'best-effort', 'memory.max': '64M', 'cpu.max': '80%' };
      mkdirSync(`${SOFT}/.vscode`, { recursive: true });
      writeFileSync(`${SOFT}/.vscode/sandboxes.json`, JSON.stringify({ profiles: { soft: { limits } } }));
    },
    () => run(['systemctl', 'stop', 'user@1001.service']),
  );

  it('hold as far as they can where they are of best effort', async () => {
    await whileRunning(caller, ['--workspace', SOFT, '--profile', 'soft'], () => {
      const { way, held, missing } = recorded(caller).limits;
      assert.deepEqual({ way, held }, { way: 'systemd', held: { 'memory.max': '64M', 'pids.max': '1024' } });
      assert.match(missing['cpu.max'] ?? '', /not delegated to the user's systemd manager/);
    });
    await nothingLeft(caller);
  });

  it('are asked of the helper where they are strict', async () => {
    const { exitCode, stderr } = await unshared(caller, 'run', '--limit', 'cpu.max=80%', '--', 'true');
    assert.equal(exitCode, 125);
    assert.match(stderr, /The helper was not authorised/);
    await nothingLeft(caller);
  });
});

describe('limits where the systemd manager of a user does not answer', () => {
  const runtime = '/tmp/no-manager';
  const caller: Caller = {
    ...withEnv(tester, 'XDG_RUNTIME_DIR', runtime),
    runtime: `${runtime}/namespace-sandboxes`,
  };
  around(
    () => {
      mkdirSync(`${runtime}/systemd`, { recursive: true });
      mkdirSync(caller.runtime);
      chownSync(caller.runtime, caller.uid, caller.uid);
      writeFileSync(`${runtime}/bus`, '');
    },
    () => rmSync(runtime, { recursive: true }),
  );
  withoutLimits(caller, /your systemd manager refused it \(.*bus/);
});

describe('ranges of ids where newuidmap(1) is missing', () => {
  const ranges = '/srv/ranges';
  const hide = 'mount --bind /dev/null "$(command -v newuidmap)"; exec "$@"';
  const caller: Caller = {
    ...testerAlone,
    as: (command) => ['unshare', '--mount', 'sh', '-c', hide, 'sh', ...testerAlone.as(command)],
  };
  around(
    () => {
      mkdirSync(`${ranges}/.vscode`, { recursive: true });
      writeFileSync(`${ranges}/.vscode/sandboxes.json`, JSON.stringify({ profiles: { wide: { ids: 'ranges' } } }));
    },
    () => rmSync(ranges, { recursive: true }),
  );

  it('are mapped by the helper where the profile asks for them', async () => {
    const words = ['--workspace', ranges, '--profile', 'wide', '--', 'cat', '/proc/self/uid_map'];
    const { exitCode, stdout, stderr } = await unshared(caller, 'run', ...words);
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /^ *0 +1000 +1\n *1 +\d+ +\d{4,}$/);
    assert.match(stderr, /as root: mapped the ids 0 1000 1/);
    await nothingLeft(caller);
  });
});

describe('limits where cgroups are read-only even for root, as in a container', () => {
  const remount = 'mount -o remount,bind,ro /sys/fs/cgroup; exec "$@"';
  const caller: Caller = {
    ...root,
    as: (command) => ['unshare', '--mount', 'sh', '-c', remount, 'sh', ...root.as(command)],
  };
  withoutLimits(caller, /the kernel refused it \(.*read-only/);
});

function withoutLimits(caller: Caller, reason: RegExp): void {
  it('are said to be missing where they are of best effort', async () => {
    const { exitCode, stdout, stderr } = await unshared(caller, ...RUN);
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'in' }, stderr);
    assert.match(stderr, new RegExp(`Runs without memory\\.max, pids\\.max: ${reason.source}`));
    await nothingLeft(caller);
  });

  it('let nothing start where they are strict', async () => {
    const { exitCode, stdout, stderr } = await unshared(caller, ...RUN_STRICTLY);
    assert.deepEqual({ exitCode, stdout }, { exitCode: 125, stdout: '' });
    assert.match(stderr, new RegExp(`memory\\.max, pids\\.max cannot be enforced here: ${reason.source}`));
    await nothingLeft(caller);
  });
}
