import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { killCgroups } from '../../src/cgroup/kill.ts';

it('kills what is listed after a process that has just ended, and nothing for one that is not seen', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'unshared-kill-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const ended = spawn('true');
  await once(ended, 'exit');
  const running = spawn('sleep', ['600']);
  const exit = once(running, 'exit');
  writeFileSync(join(folder, 'cgroup.procs'), `0\n${ended.pid ?? ''}\n${running.pid ?? ''}\n`);
  killCgroups({ 'pids.max': folder });
  const [, signal] = (await exit) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
});
