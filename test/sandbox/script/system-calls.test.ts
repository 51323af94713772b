import { execa } from 'execa';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numbersOf } from '../../../scripts/system-calls.mjs';
import { systemCallWords } from '../../../src/host/system-calls.ts';
import { findProgram } from '../../../src/host/programs.ts';
import { joinCommand } from '../../../src/sandbox/join.ts';
import { CALLERS, makeCaller, running, writeProfiles, type Caller } from '../../support/unshared.ts';

const hasStrace = findProgram('strace') !== undefined;

/** One system call of strace(1): who made it, its name, and all that follows. */
interface Call {
  readonly pid: string;
  readonly name: string;
  readonly rest: string;
}

/** Lines of `strace -f -o`; what was interrupted by another process is one call by its first half. */
function callsOf(text: string): readonly Call[] {
  return text
    .split('\n')
    .map((line) => /^(\d+) +(\w+)\((.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid = '', name = '', rest = '']) => ({ pid, name, rest }));
}

const programOf = ({ rest }: Call): string => /^"([^"]*)"/.exec(rest)?.[1] ?? '';

describe.skipIf(!hasStrace).each(CALLERS)('what is called for a sandbox of %s (needs strace)', (name) => {
  let caller: Caller;
  let log: string;
  beforeEach(async () => {
    caller = makeCaller(name);
    log = join(caller.home, 'strace');
    await writeProfiles(caller, {
      stays: { extends: 'throwaway', lifetime: 'untilStopped', limits: { 'memory.max': 'max', 'pids.max': 'max' } },
      once: { extends: 'throwaway', limits: { 'memory.max': 'max', 'pids.max': 'max' } },
    });
  });
  afterEach(() => {
    rmSync(log, { force: true });
    caller.remove();
  });

  async function trace(
    words: readonly string[],
    env: Readonly<Record<string, string>> = caller.env,
  ): Promise<readonly Call[]> {
    const [file = '', ...args] = caller.asCaller(words);
    const traced = ['-f', '-s', '64', '-o', log, file, ...args];
    await execa('strace', traced, { cwd: caller.workspace, env: { ...env }, extendEnv: false, stdin: 'ignore' });
    return callsOf(readFileSync(log, 'utf8'));
  }

  it('runs no program from the first mount to the command', async () => {
    // The pipes that Node.js gives a child are sockets, with which the command joins instead of being the first.
    const command = [process.execPath, join(process.cwd(), 'dist/cli.cjs'), 'run', '--profile', 'once', '--', 'true'];
    const calls = await trace(['/bin/sh', '-c', 'exec "$@" >/dev/null 2>&1 </dev/null', 'sh', ...command]);
    const executed = calls.filter(({ name: call, rest }) => call === 'execve' && !rest.includes('ENOENT'));
    const programs = executed.map(programOf).map((path) => path.slice(path.lastIndexOf('/') + 1));
    // A program is looked for in one folder after the other.
    const distinct = programs.filter((program, index) => program !== programs[index - 1]);
    expect(distinct.slice(distinct.lastIndexOf('sh'))).toEqual([
      'sh',
      ...(name === 'root' ? ['setpriv'] : []),
      'unshare',
      'perl',
      'true',
    ]);
    const first = calls.findIndex(({ name: call }) => call === 'move_mount');
    const maker = calls[first]?.pid ?? '';
    const own = calls.slice(first).filter(({ pid }) => pid === maker);
    const made = own.slice(
      0,
      own.findIndex(({ name: call }) => call === 'pivot_root'),
    );
    const byPath = made.filter(({ rest }) => /^(AT_FDCWD, )?"\//.test(rest));
    expect(byPath.filter(({ name: call }) => call !== 'openat2')).toEqual([]);
    const resolved = made.filter(({ name: call }) => call === 'openat2');
    expect(resolved.length).toBeGreaterThan(20);
    // Its own folder and layers, which nobody inside can write to, are the only ones that may be reached by links.
    for (const { rest } of resolved) expect(rest).toMatch(/RESOLVE_NO_SYMLINKS|namespace-sandboxes/);
  });

  it('confines who joins before anything else, and opens nothing inside', async () => {
    await caller.unshared(['run', '--profile', 'stays', '--', 'true']);
    const [sandbox] = await running(caller);
    if (sandbox === undefined) throw new Error('no sandbox runs');
    try {
      const { file, args, env } = joinCommand(sandbox, ['true']);
      const calls = await trace([file, ...args], { ...env, PATH: process.env.PATH ?? '' });
      const first = calls.findIndex(({ name: call }) => call === 'setns');
      const entering = calls[first]?.pid ?? '';
      expect(
        calls
          .slice(0, first)
          .some(
            ({ pid, name: call, rest }) =>
              pid === entering && call === 'prctl' && rest.startsWith('PR_SET_DUMPABLE, SUID_DUMP_DISABLE'),
          ),
      ).toBe(true);
      const joiner = calls.slice(first).find(({ name: call }) => call === 'setsid')?.pid;
      const made = calls.slice(first).filter(({ pid }) => pid === entering || pid === joiner);
      const end = made.findIndex(({ name: call, pid }) => call === 'execve' && pid === joiner);
      const names = made.slice(0, end).map(({ name: call }) => call);
      expect(names.filter((call) => /^open|^exec|^socket/.test(call))).toEqual([]);
      const last = made.slice(0, end).findLast(({ pid }) => pid === joiner);
      expect(`${last?.name}(${last?.rest}`).toMatch(/^prctl\(PR_SET_SECCOMP, SECCOMP_MODE_FILTER/);
    } finally {
      await caller.unshared(['stop', sandbox.id]);
    }
  });
});

it.skipIf(process.arch !== 'x64')(
  'the numbers are those of the headers of the kernel (needs linux-libc-dev of amd64)',
  () => {
    for (const arch of ['x64', 'arm64'] as const) {
      const words = systemCallWords(arch).split(' ');
      for (const [call, number] of Object.entries(numbersOf(arch))) expect(words).toContain(`${call}=${number}`);
    }
  },
);
