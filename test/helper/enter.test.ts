import { execa } from 'execa';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTimeOf } from '../../src/discovery/pin.ts';
import { NAMESPACE_TYPES, type NamespaceType } from '../../src/model/namespace.ts';
import { enterAsRootCommand } from '../../src/sandbox/enter.ts';
import { isRoot } from '../support/unshared.ts';
import { until } from '../support/until.ts';

const ENTER = resolve('src/helper/enter.sh');

describe.skipIf(!isRoot)('enter (needs root)', () => {
  let target: ChildProcess;
  let pid = 0;
  beforeEach(async () => {
    const own = [
      '--user',
      '--map-root-user',
      '--mount',
      '--pid',
      '--net',
      '--uts',
      '--ipc',
      '--cgroup',
      '--time',
      '--fork',
    ];
    target = spawn('unshare', [...own, '--kill-child', '--mount-proc', 'sleep', '100']);
    pid = await until('what sleeps in namespaces', async () => {
      const { stdout } = await execa('pgrep', ['--parent', String(target.pid), 'sleep'], { reject: false });
      return stdout === '' ? undefined : Number(stdout);
    });
  });
  afterEach(async () => {
    const exit = once(target, 'exit');
    if (target.kill('SIGKILL')) await exit;
  });

  const link = (of: number | 'self', type: NamespaceType): string => readlinkSync(`/proc/${of}/ns/${type}`);
  const inodeOf = (type: NamespaceType): string => /\d+/.exec(link(pid, type))?.[0] ?? '';
  const pinned = (types: readonly NamespaceType[]): readonly string[] =>
    types.map((type) => `${type}:${inodeOf(type)}`);

  async function enter(
    words: readonly string[],
    input = '',
  ): Promise<{ exitCode?: number; stdout: string; stderr: string }> {
    const { exitCode, stdout, stderr } = await execa('sh', [ENTER, ...words], { input, reject: false });
    return { ...(exitCode === undefined ? {} : { exitCode }), stdout, stderr };
  }

  it('opens a shell in all eight namespaces, with no descriptor of them left open', async () => {
    const words = [String(pid), String(startTimeOf(pid)), ...pinned(NAMESPACE_TYPES)];
    const { stdout } = await enter(
      words,
      `readlink ${NAMESPACE_TYPES.map((type) => `/proc/self/ns/${type}`).join(' ')}\nls /proc/$$/fd\n`,
    );
    const lines = stdout.split('\n');
    expect(lines.slice(0, 8)).toEqual(NAMESPACE_TYPES.map((type) => link(pid, type)));
    expect(lines.slice(8).filter((descriptor) => Number(descriptor) > 2 && Number(descriptor) < 10)).toEqual([]);
  });

  it('opens one with the machine’s own files, in which ps shows what was entered', async () => {
    const words = [String(pid), String(startTimeOf(pid)), ...pinned(['net', 'pid'])];
    const { stdout } = await enter(words, 'readlink /proc/self/ns/net /proc/self/ns/uts\nps -A -o comm=\n');
    const [net, uts, ...processes] = stdout.split('\n');
    expect([net, uts]).toEqual([link(pid, 'net'), link('self', 'uts')]);
    expect(processes).toContain('sleep');
    expect(processes.length).toBeLessThan(8);
  });

  it('passes over what is the machine’s own, and says where nothing else was asked for', async () => {
    const own = spawn('sleep', ['100']);
    try {
      const words = [String(own.pid), String(startTimeOf(own.pid ?? 0)), ...NAMESPACE_TYPES.map((type) => `${type}:`)];
      const { exitCode, stderr } = await enter(words);
      expect([exitCode, stderr]).toEqual([125, expect.stringContaining('is in no other namespace')]);
    } finally {
      own.kill('SIGKILL');
    }
  });

  it('refuses a process that has another start: a number that was used again', async () => {
    const { exitCode, stderr } = await enter([String(pid), String((startTimeOf(pid) ?? 0) - 1), ...pinned(['net'])]);
    expect([exitCode, stderr]).toEqual([125, `Process ${pid} has ended.`]);
  });

  it('refuses a namespace that is another than was looked at', async () => {
    const { exitCode, stderr } = await enter([String(pid), String(startTimeOf(pid)), `net:${inodeOf('uts')}`]);
    expect([exitCode, stderr]).toEqual([125, `Process ${pid} is in another net namespace now.`]);
  });

  it.each([
    [['1']],
    [['1', '2']],
    [['../1', '2', 'net:']],
    [['1', '$(id)', 'net:']],
    [['1', '2', 'net']],
    [['1', '2', 'root:']],
    [['1', '2', 'net:1;id']],
    [['1', '2', '--all']],
    [['self', '2', 'net:']],
    [['1', '2', 'net/../../2/ns/net:']],
  ])('refuses %j', async (words) => {
    const { exitCode, stdout } = await enter(words, 'echo entered\n');
    expect([exitCode, stdout]).toEqual([125, '']);
  });

  it('is what the command line of a terminal calls where the helper is installed, and nsenter else', () => {
    const destination = {
      pid,
      namespaces: [
        ['net', Number(inodeOf('net'))],
        ['pid', undefined],
      ],
    } as const;
    const installed = { state: 'current', helper: '/h', enter: '/e/enter' } as const;
    const whole = enterAsRootCommand(destination, installed);
    expect(whole.pinned).toBe(true);
    expect(whole.command.args[1]).toContain(`/e/enter ${pid} ${String(startTimeOf(pid))} net:${inodeOf('net')} pid:\n`);
    const plain = enterAsRootCommand(destination, { state: 'none' });
    expect(plain.pinned).toBe(false);
    expect(plain.command.args[1]).toMatch(
      /nsenter --target \d+ --pid --net -- \S+unshare --mount --mount-proc \/bin\/sh/,
    );
  });
});
