import { execa } from 'execa';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runningLine, type HelperView } from '../../src/host/helper.ts';
import { findProgram } from '../../src/host/programs.ts';
import { HELPER_PROGRAMS } from '../../src/protocol/helper.ts';
import { findingSentence } from '../../src/text/host.ts';
import { check, hidden, surroundings, type CheckedLine, type Surroundings } from '../support/surroundings.ts';
import { CLI, isRoot, makeCaller, type Caller } from '../support/unshared.ts';

const polkit = ['pkexec', 'pkaction', 'dbus-daemon'].every((name) => findProgram(name) !== undefined);

describe.skipIf(!isRoot || !polkit)('the helper (needs root and polkit)', () => {
  let caller: Caller;
  let around: Surroundings | undefined;
  beforeAll(() => {
    caller = makeCaller('user');
  });
  afterEach(() => around?.end());
  afterAll(() => caller.remove());

  async function linesIn(setup: string) {
    around = await surroundings(setup);
    return check(caller, around.inside);
  }

  it('needs pkexec', async () => {
    const lines = await linesIn(hidden('pkexec'));
    expect(lines.get('pkexec')).toMatchObject({ status: 'missing', code: 'programMissing' });
    expect(lines.get('pkexec')?.fix?.commands[0]).toMatch(/install (pkexec|polkit)/);
  });

  it('needs pkexec to be set-user-ID root; the fix makes it so', async () => {
    const copy = 'tool=$(realpath "$(command -v pkexec)"); cp "$tool" $T/tool; mount --bind $T/tool "$tool"';
    const line = (await linesIn(copy)).get('pkexec');
    expect(line).toMatchObject({ status: 'missing', code: 'pkexecPowerless' });
    await around?.mend(line?.fix);
    expect((await check(caller, around?.inside)).get('pkexec')).toMatchObject({ status: 'ok' });
  });

  it('needs a polkit that answers', async () => {
    const lines = await linesIn('mkdir -p /run/dbus; mount -t tmpfs tmpfs /run/dbus');
    expect(lines.get('polkit')).toMatchObject({
      status: 'missing',
      code: 'polkitSilent',
      fix: { code: 'startPolkit' },
    });
  });

  it('finds the one that does', async () => {
    const command = [process.execPath, CLI, 'check', '--json'];
    const script = resolve('test/support/with-polkit.sh');
    const { stdout } = await execa('sh', [script, 'no', ...command], {
      env: { SANDBOXER_HOME: caller.home },
      reject: false,
    });
    const { topics } = JSON.parse(stdout) as { topics: { lines: CheckedLine[] }[] };
    const line = topics.flatMap(({ lines }) => lines).find(({ id }) => id === 'polkit');
    expect(line).toMatchObject({ status: 'ok' });
  });

  it('needs somebody who asks for the password', async () => {
    expect((await check(caller)).get('agent')).toMatchObject({ status: 'limited', code: 'agentMissing' });
    const desktop = await check(caller, ['env', 'DISPLAY=:0']);
    expect(desktop.get('agent')).toMatchObject({ status: 'ok', args: { kind: 'desktop' } });
  });
});

describe('what a helper that runs lacks', () => {
  const programs = Object.fromEntries(
    HELPER_PROGRAMS.map((name) => [name, `/usr/bin/${name}`]),
  ) as HelperView['programs'];
  const unified = {
    key: '',
    version: 2,
    mountPoint: '/sys/fs/cgroup',
    root: '/',
    controllers: ['cpu', 'cpuset', 'io', 'memory', 'pids', 'hugetlb'],
  } as const;
  const all: HelperView = { kernel: '6.1', layout: 'v2', hierarchies: [unified], controllers: [], programs };

  it('is nothing where root has all programs and controllers', () => {
    expect(runningLine(all)).toMatchObject({ status: 'ok', finding: { code: 'helperRuns' } });
  });

  it('is named, and v1 calls a controller otherwise', () => {
    const blkio = {
      ...unified,
      key: 'blkio',
      version: 1,
      controllers: ['blkio', 'memory', 'pids', 'cpu', 'cpuset'],
    } as const;
    const { status, finding } = runningLine({ ...all, programs: { ...programs, ip: null }, hierarchies: [blkio] });
    expect({ status, finding }).toEqual({
      status: 'limited',
      finding: { code: 'helperLacks', args: { programs: ['ip'], controllers: ['hugetlb'] } },
    });
    expect(findingSentence(finding)).toBe(
      "The helper runs; it does without ip (missing, or not root's alone); it can keep no limits of hugetlb (mounted nowhere).",
    );
  });
});
