import { execa } from 'execa';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { shellWords } from '../../../src/sandbox/script/quote.ts';
import {
  begun,
  CALLERS,
  CLI,
  makeCaller,
  outside,
  running,
  sandboxFolders,
  writeProfiles,
  type Caller,
} from '../../support/unshared.ts';

const UNSHARED = shellWords([process.execPath, CLI]);
const HAS_NO_TERMINAL = `sh -c '(: </dev/tty) 2>/dev/null && echo reached; [ ! -t 0 ] || echo input; [ ! -t 2 ] || echo errors; echo ran'`;

describe.each(CALLERS)('the terminal of %s', (name) => {
  let caller: Caller;
  beforeEach(() => {
    caller = makeCaller(name);
  });
  afterEach(() => caller.remove());

  /** Runs a line of sh on a terminal, as the caller. */
  async function onTerminal(line: string): Promise<string> {
    const [file = '', ...args] = caller.asCaller(['script', '-qec', line, '/dev/null']);
    const { stdout } = await execa(file, args, {
      cwd: caller.workspace,
      env: caller.env,
      extendEnv: false,
      reject: false,
    });
    return stdout.replaceAll('\r', '');
  }

  it.each([
    `${UNSHARED} run -- ${HAS_NO_TERMINAL} </dev/null`,
    `${UNSHARED} run -- ${HAS_NO_TERMINAL} | cat`,
    `${UNSHARED} run -- ${HAS_NO_TERMINAL} </dev/null 2>&1 | cat`,
  ])('is not in reach of what has pipes instead: %s', async (line) => {
    const said = await onTerminal(line);
    expect(said).toMatch(/^ran$/m);
    expect(said).not.toMatch(/^(reached|input|errors)$/m);
  });

  it.runIf(name === 'root')('that cannot be opened once the sandbox runs leaves none of it', async () => {
    await outside(caller, 'mkfifo started hidden; chmod 666 started hidden');
    const init = ['echo >started; read -r _ <hidden'];
    await writeProfiles(caller, { waits: { extends: 'throwaway', init } });
    const hide = 'read -r _ <started; mount --bind /dev/null "$(command -v perl)"; echo >hidden';
    const line = `unshare --mount sh -c ${shellWords([`{ ${hide}; } & exec "$@"`])} sh ${UNSHARED} run --profile waits -- true; echo status $?`;
    expect(await onTerminal(line)).toMatch(/status 12[5-7]/);
    expect(sandboxFolders(caller)).toEqual([]);
  });

  it('is not in reach either where the join script is called by hand', async () => {
    await writeProfiles(caller, { stays: { extends: 'learn', lifetime: 'untilStopped' } });
    await caller.unshared(['run', '--profile', 'stays', '--', 'true']);
    const [{ folder, id } = expect.fail('it does not run')] = await running(caller);
    try {
      const said = await onTerminal(`sh ${folder}/join.sh ${HAS_NO_TERMINAL} </dev/null; echo $?`);
      expect(said).toMatch(/ran\n0/);
      expect(said).not.toContain('reached');
    } finally {
      await caller.unshared(['stop', id]);
    }
  });
});

describe.each(CALLERS)('a file that %s redirects', (name) => {
  let caller: Caller;
  beforeEach(async () => {
    caller = makeCaller(name);
    await outside(caller, 'echo secret >file; chmod 666 file');
  });
  afterEach(() => caller.remove());

  it('can be read as input, and not be written', async () => {
    const line = `${UNSHARED} run -- sh -c 'cat; (echo changed >/proc/self/fd/0) 2>/dev/null; echo ran' <file`;
    expect(await outside(caller, line)).toBe('secret\nran');
    expect(readFileSync(join(caller.workspace, 'file'), 'utf8')).toBe('secret\n');
  });

  it('cannot be a folder, from which every other could be reached', async () => {
    const line = `${UNSHARED} run -- ls /proc/self/fd/0/ 2>&1 <.; true`;
    const said = await outside(caller, line);
    expect(said).not.toMatch(/^file$/m);
  });
});

describe('a signal', () => {
  let caller: Caller;
  let id: string;
  beforeAll(async () => {
    caller = makeCaller('user');
    await writeProfiles(caller, { stays: { extends: 'learn', lifetime: 'untilStopped' } });
    await caller.unshared(['run', '--profile', 'stays', '--', 'true']);
    [{ id } = expect.fail('it does not run')] = await running(caller);
  });
  afterAll(async () => {
    await caller.unshared(['stop', '--all']);
    caller.remove();
  });

  const SLOW_SPAWN = resolve('test/sandbox/attacks/slow-spawn.mjs');
  it.each([
    ['a command with pipes', []],
    ['one that is just being started', ['--import', SLOW_SPAWN]],
  ])('for %s reaches it inside', async (_, options) => {
    const program = 'trap "echo got; exit 3" INT; echo ready; while :; do sleep 0.05; done';
    const entered = begun(caller, ['enter', id, '--', 'sh', '-c', program], options);
    const said: string[] = [];
    for await (const line of entered) {
      said.push(line);
      if (line === 'ready') entered.kill('SIGINT');
    }
    expect(said).toEqual(['ready', 'got']);
  });

  it('that ends a command with pipes is its exit status', async () => {
    const entered = begun(caller, ['enter', id, '--', 'sh', '-c', 'echo ready; exec sleep 60']);
    for await (const line of entered) if (line === 'ready') entered.kill('SIGTERM');
    expect((await entered).exitCode).toBe(143);
  });

  it('ends who waits on a terminal for a sandbox that stays, and not the sandbox', async () => {
    const before = (await running(caller)).length;
    const line = `${UNSHARED} run --profile stays -- sh -c 'echo ready; exec sleep 60'; echo status $?`;
    const [file = '', ...args] = caller.asCaller(['script', '-qec', line, '/dev/null']);
    const { workspace: cwd, env } = caller;
    const terminal = execa(file, args, { cwd, env, extendEnv: false, reject: false });
    let said = '';
    for await (const text of terminal) {
      said += `${text}\n`;
      if (text.trim() === 'ready')
        await execa('pkill', ['--signal', 'TERM', '-f', `^${process.execPath} ${CLI} run --profile stays `]);
    }
    expect(said).toMatch(/status 143\r?$/m);
    expect((await running(caller)).length).toBe(before + 1);
  });
});
