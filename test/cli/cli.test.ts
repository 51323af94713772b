import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { version } from '../../package.json';
import { HELP } from '../../src/cli/help.ts';
import { table } from '../../src/cli/table.ts';
import { CLI, isRoot, makeCaller, sandboxFolders, type Caller } from '../support/unshared.ts';

/** Words in front of a command that forbid it user namespaces. */
const FORBIDDEN = [
  ...['unshare', '--user', '--map-current-user', '--keep-caps', '--', 'sh', '-c'],
  'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"',
  'sh',
];

describe('unshared', () => {
  let caller: Caller;
  beforeAll(() => {
    caller = makeCaller('user');
  });
  afterAll(() => caller.remove());

  it.each(Object.keys(HELP).filter((name) => name !== 'overview'))('%s --help says what it does', async (name) => {
    const { stdout, exitCode } = await caller.unshared([name, '--help']);
    expect(stdout).toContain(`unshared ${name}`);
    expect(exitCode).toBe(0);
  });

  it.each(['--version', '-V'])('%s says which one it is', async (option) => {
    const { stdout, exitCode } = await caller.unshared([option]);
    expect(stdout).toBe(`unshared ${version}`);
    expect(exitCode).toBe(0);
  });

  it.each([
    [['nonsense'], 'There is no command "nonsense"'],
    [['run', 'ls'], 'Write "--" before the command'],
    [['run', '--nonsense'], '--nonsense'],
    [['enter'], 'Name one sandbox'],
    [['stop'], 'use --all'],
    [['run', '--limit', 'memory.max=-1'], '"memory.max" is "-1"'],
    [['run', '--limit', 'memory.max=12 parsecs'], '"memory.max" is "12 parsecs"'],
    [['run', '--limit', 'cpus=1'], 'Unknown key "cpus"'],
    [['run', '--profile', 'nope'], 'There is no profile "nope"'],
    [['run', '--profile', 'learn', '--rootfs', '/nowhere'], '/nowhere does not exist'],
  ])('%j is one clear error with status 125, and starts nothing', async (args, words) => {
    const { exitCode, stderr } = await caller.unshared(args);
    expect(exitCode).toBe(125);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(sandboxFolders(caller)).toEqual([]);
  });

  it('says where in the profile file something is wrong', async () => {
    const [file = '', ...args] = caller.asCaller(['sh', '-c', 'mkdir -p .vscode; cat >.vscode/sandboxes.json']);
    const text = `{\n  "profiles": {\n    "a": { "hostname": "${'x'.repeat(65)}", "nonsense": 1 }\n  }\n}\n`;
    await execa(file, args, { cwd: caller.workspace, input: text });
    const { stderr } = await caller.unshared(['run', '--profile', 'a']);
    expect(stderr).toMatch(/sandboxes\.json:3:\d+: "hostname" is/);
    expect(stderr).toMatch(/sandboxes\.json:3:\d+: Unknown key "nonsense"/);
  });

  it('prints namespaces and cgroups as JSON', async () => {
    const namespaces = JSON.parse((await caller.unshared(['namespaces', '--json'])).stdout) as {
      namespaces: { type: string }[];
    };
    expect(new Set(namespaces.namespaces.map(({ type }) => type)).size).toBe(8);
    const cgroups = JSON.parse((await caller.unshared(['cgroups', '--json'])).stdout) as { layout: string };
    expect(['v1', 'v2', 'hybrid', 'none']).toContain(cgroups.layout);
  });
});

describe.skipIf(!isRoot)('unshared check (needs root)', () => {
  it.each([
    [[], 0, /^Sandboxes start on this host\./],
    [
      FORBIDDEN,
      1,
      /^No sandbox can start on this host\.\n[^]*✗ No user namespace may be made[^]*sysctl user\.max_user_namespaces=15000/,
    ],
  ])('after %j ends with status %i', async (around, status, words) => {
    const caller = makeCaller('user');
    const [file = '', ...args] = caller.asCaller([...around, process.execPath, CLI, 'check']);
    const options = { cwd: caller.workspace, env: caller.env, extendEnv: false, reject: false } as const;
    const { stdout, exitCode } = await execa(file, args, options);
    expect(stdout).toMatch(words);
    expect(exitCode).toBe(status);
    caller.remove();
  });
});

describe('table', () => {
  it('pads all columns but the last', () => {
    expect(
      table(
        ['A', 'LONG', 'C'],
        [
          ['aaa', 'b', ''],
          ['a', 'b', 'c'],
        ],
      ),
    ).toBe('A    LONG  C\naaa  b\na    b     c\n');
  });
});
