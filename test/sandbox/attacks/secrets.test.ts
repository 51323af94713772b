import { execa } from 'execa';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { shellWords } from '../../../src/sandbox/script/quote.ts';
import { ALL_CALLERS, CLI, makeCaller, outside, running, writeProfiles, type Caller } from '../../support/unshared.ts';

const TOKEN = `it's "secret" $HOME\n\\ and of two lines`;
/** The join script has variables of its own, and shells some that cannot be set. */
const GIVEN = {
  TOKEN,
  LC_ALL: 'x',
  status: '5',
  folder: '/',
  pid: '1',
  command: 'exit 3',
  IFS: ',',
  UID: '7',
  LD_PRELOAD: '/none',
};
const SHOW =
  'printf "%s|" "$TOKEN" "$OWN" "$LC_ALL" "$status" "$folder" "$pid" "$command" "$LD_PRELOAD"; env | grep -c ^given_';
const SHOWN = `${TOKEN}|${TOKEN}|x|own|/|1|exit 3|/none|0`;

describe.each(ALL_CALLERS)('what passes into a sandbox of %s', (name) => {
  let caller: Caller;
  beforeEach(async () => {
    caller = makeCaller(name);
    const passed = { extends: 'learn', envPass: Object.keys(GIVEN) };
    await writeProfiles(caller, {
      passed,
      stays: { ...passed, env: { OWN: '${env:TOKEN}', status: 'own' }, lifetime: 'untilStopped' },
    });
  });
  afterEach(async () => {
    for (const { id } of await running(caller)) await caller.unshared(['stop', id]);
    caller.remove();
  });

  it('is as it was at the start, in every terminal', async () => {
    const first = await caller.unshared(['run', '--profile', 'stays', '--', 'sh', '-c', SHOW], { env: GIVEN });
    expect(first.stdout, first.stderr).toBe(SHOWN);
    const [{ id } = expect.fail('it does not stay')] = await running(caller);
    const second = await caller.unshared(['enter', id, '--', 'sh', '-c', SHOW], { env: { TOKEN: 'another' } });
    expect(second.stdout, second.stderr).toBe(SHOWN);
  });

  it('is nothing where there was nothing, also where the join script has begun anew', async () => {
    const line = 'echo "${LC_ALL-none} ${TOKEN-none} ${PID-none}"';
    const { stdout, stderr } = await caller.unshared(['run', '--profile', 'passed', '--', 'sh', '-c', line]);
    expect(stdout, stderr).toBe('none none none');
    const [file = '', ...args] = caller.asCaller([
      process.execPath,
      CLI,
      'run',
      '--profile',
      'passed',
      '--',
      'sh',
      '-c',
      line,
    ]);
    const words = ['--quiet', '--return', '--command', `${shellWords([file, ...args])} | cat`, '/dev/null'];
    const { workspace: cwd, env } = caller;
    const onTerminal = await execa('script', words, { cwd, env, extendEnv: false, stdin: 'ignore' });
    expect(onTerminal.stdout.trim()).toBe('none none none');
  });

  it('stands in no command line and in no script', async () => {
    const command = ['run', '--profile', 'passed', '--', 'sh', '-c', 'echo "${#TOKEN}"; read -r _'];
    const [file = '', ...args] = caller.asCaller([process.execPath, CLI, ...command]);
    const { workspace: cwd, env } = caller;
    const child = execa(file, args, { cwd, env: { ...env, TOKEN }, extendEnv: false, reject: false });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe(`${TOKEN.length}\n`);
    expect(commandLines().filter((line) => line.includes('and of two lines'))).toEqual([]);
    const [{ folder } = expect.fail('it does not run')] = await running(caller);
    for (const script of ['start.sh', 'join.sh'])
      expect(readFileSync(join(folder, script), 'utf8')).not.toContain('and of two lines');
    child.stdin.end('\n');
    expect((await child).exitCode).toBe(0);
  });

  it('is no part of what is exported, which is for its owner alone', async () => {
    const exported = join(caller.workspace, 'exported');
    await caller.unshared(['script', '--profile', 'passed', '--export', exported], { env: GIVEN });
    expect(readdirSync(exported).sort()).toEqual(['join.sh', 'start.sh']);
    for (const script of ['start.sh', 'join.sh']) {
      expect(statSync(join(exported, script)).mode & 0o777).toBe(0o700);
      expect(readFileSync(join(exported, script), 'utf8')).not.toContain('and of two lines');
    }
    expect(await outside(caller, 'sh -n exported/join.sh && sh -n exported/start.sh && echo read')).toBe('read');
  });
});

function commandLines(): readonly string[] {
  const pids = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry));
  return pids.map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  });
}
