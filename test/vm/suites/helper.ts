import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe } from 'node:test';
import { it, recorded, run, stranger, testerAlone, unshared, unsharedWords } from './guest.ts';
import { nothingLeft } from './left.ts';
import { whileRunning } from './terminal.ts';

const FIRST = '/srv/first';

describe('the helper', () => {
  it('moves what runs on a terminal under the limits too', async () => {
    await whileRunning(testerAlone, ['--limit', 'pids.max=50'], async () => {
      const { id, limits } = recorded(testerAlone);
      assert.equal(limits.way, 'helper');
      const words = unsharedWords(testerAlone, ['enter', id, '--', 'echo', 'entered']);
      const { stdout } = await run(['script', '--quiet', '--return', '--command', words.join(' '), '/dev/null']);
      assert.match(stdout, /entered\r?$/m);
      assert.match(stdout, /as root: moved process \d+ into/);
    });
    await nothingLeft(testerAlone);
  });

  it('moves what runs first under the limits', async () => {
    const profile = { limits: { 'pids.max': 50 }, init: ['cat /proc/self/cgroup >/tmp/first', 'true'] };
    mkdirSync(`${FIRST}/.vscode`, { recursive: true });
    writeFileSync(`${FIRST}/.vscode/sandboxes.json`, JSON.stringify({ profiles: { first: profile } }));
    const { exitCode, stdout, stderr } = await unshared(
      testerAlone,
      ...['run', '--workspace', FIRST, '--profile', 'first', '--', 'sh', '-c', 'cat /tmp/first; cat /proc/self/cgroup'],
    );
    rmSync(FIRST, { recursive: true });
    assert.equal(exitCode, 0, stderr);
    const [first, second] = stdout.split('\n');
    assert.match(first ?? '', /^0::/);
    assert.equal(first, second);
    assert.equal(stderr.match(/as root: moved process/g)?.length, 4);
    await nothingLeft(testerAlone);
  });

  it('lets nothing start where polkit refuses it, and the reason is told', async () => {
    const { exitCode, stdout, stderr } = await unshared(
      stranger,
      ...['run', '--limit', 'memory.max=64M', '--', 'echo', 'in'],
    );
    assert.deepEqual({ exitCode, stdout }, { exitCode: 125, stdout: '' });
    assert.match(
      stderr,
      /^unshared: The helper was not authorised \(.*Not authorized.*\)\. It needs an administrator's/m,
    );
    await nothingLeft(stranger);
  });

  it('is not needed for limits of best effort, which say what is missing', async () => {
    const { exitCode, stdout, stderr } = await unshared(stranger, 'run', '--', 'echo', 'in');
    assert.deepEqual({ exitCode, stdout }, { exitCode: 0, stdout: 'in' });
    assert.match(stderr, /Runs without memory\.max, pids\.max: you have no systemd user manager/);
    await nothingLeft(stranger);
  });
});
