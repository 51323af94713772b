import { execa } from 'execa';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChildProcess } from 'node:child_process';
import { enterNamespaceCommand } from '../../src/sandbox/enter.ts';
import { until } from '../support/until.ts';

describe('enterNamespaceCommand', () => {
  let target: ChildProcess;
  beforeEach(async () => {
    target = spawn('unshare', ['--user', '--map-root-user', '--net', '--uts', 'sleep', '100']);
    await until(
      'its namespaces',
      () => readlinkSync(`/proc/${target.pid ?? 0}/ns/net`) !== readlinkSync('/proc/self/ns/net'),
    );
  });
  afterEach(async () => {
    const exit = once(target, 'exit');
    if (target.kill('SIGKILL')) await exit;
  });

  it('opens a shell in the namespaces that were chosen, and in no other', async () => {
    const pid = target.pid ?? 0;
    const { file, args, env } = enterNamespaceCommand(pid, ['user', 'net']);
    const { stdout } = await execa(file, args, {
      env,
      extendEnv: false,
      input: 'readlink /proc/self/ns/net /proc/self/ns/uts\n',
    });
    expect(stdout.split('\n')).toEqual([readlinkSync(`/proc/${pid}/ns/net`), readlinkSync('/proc/self/ns/uts')]);
  });

  it('does not enter another process of the same number', async () => {
    const { file, args, env } = enterNamespaceCommand(target.pid ?? 0, ['user', 'net']);
    const exit = once(target, 'exit');
    target.kill('SIGKILL');
    await exit;
    const { exitCode, stderr } = await execa(file, args, { env, extendEnv: false, reject: false });
    expect([exitCode, stderr]).toEqual([1, `Process ${target.pid ?? 0} has ended.`]);
    expect(() => enterNamespaceCommand(target.pid ?? 0, ['net'])).toThrow(/processGone/);
  });
});
