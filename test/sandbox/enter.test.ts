import { execa } from 'execa';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChildProcess } from 'node:child_process';
import { enterNamedNetworkCommand, enterNamespaceCommand } from '../../src/sandbox/enter.ts';
import { isRoot } from '../support/unshared.ts';
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

describe('enterNamedNetworkCommand', () => {
  it.skipIf(!isRoot)('enters by a path, whatever the name begins with (needs root)', async () => {
    const { file, args, env } = enterNamedNetworkCommand('-n');
    const made = 'mount -t tmpfs tmpfs /run; ip netns add -n; readlink /proc/self/ns/net; exec "$@"';
    const words = ['--mount', '--propagation', 'private', '--', 'sh', '-c', made, 'sh', file, ...args];
    const input = 'readlink /proc/self/ns/net; ip -br link\n';
    const { stdout, stderr } = await execa('unshare', words, { env, extendEnv: false, input });
    const [outside, inside, links] = stdout.split('\n');
    expect([inside, links], stderr).toEqual([expect.stringMatching(/^net:/), expect.stringMatching(/^lo +DOWN/)]);
    expect(inside).not.toBe(outside);
  });

  it.each(['../../proc/1/ns/net', '/proc/1/ns/net', 'a/b', '..', '.', '', 'n\0', 'n\n', 'n'.repeat(256)])(
    'enters nothing by %j, which ip-netns(8) gives nobody',
    (name) => {
      expect(() => enterNamedNetworkCommand(name)).toThrow(/wrongName/);
    },
  );
});
