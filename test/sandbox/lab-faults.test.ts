import { execa } from 'execa';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTimeOf } from '../../src/discovery/pin.ts';
import { findProgram } from '../../src/host/programs.ts';
import type { Sandbox } from '../../src/model/sandbox.ts';
import { hubs, inSandbox, ping, started, writeLab } from '../support/labs.ts';
import { patience } from '../support/pace.ts';
import { begun, CALLERS, makeCaller, running, sandboxFolders, type Caller } from '../support/unshared.ts';
import { until } from '../support/until.ts';

const missing = ['busybox', 'flock', 'ip'].filter((name) => findProgram(name) === undefined);
const STAYS = { workspace: 'none', lifetime: 'untilStopped', networks: { lab: 'auto' } } as const;
const FILE = {
  profiles: {
    one: STAYS,
    two: STAYS,
    once: { ...STAYS, lifetime: 'terminal' },
    many: { ...STAYS, networks: { wide: 'auto' } },
    slow: { ...STAYS, init: ['exec sleep 58.25'] },
  },
  networks: { lab: { subnet: ['10.0.0.0/24', 'fd00:7::/64'] }, wide: { subnet: '10.8.0.0/16' } },
};

/** How far a start has come when its launcher is killed: what is there by then. */
const STAGES: Readonly<Record<string, (lab: string, sandbox: string) => boolean>> = {
  'the script of the hub': (lab) => scripts(lab).length > 0,
  'the lock': (lab) => existsSync(join(lab, 'alive')),
  'the hub': (lab) => existsSync(join(lab, 'hub/pid')),
  'a place in it': (lab) => entries(join(lab, 'members')).length > 0,
  'the networks': (lab) => existsSync(join(lab, 'lab.json')),
  'the script of the sandbox': (_, sandbox) => existsSync(join(sandbox, 'start.sh')),
  'its names': (_, sandbox) => existsSync(join(sandbox, 'hosts')),
  'the sandbox': (_, sandbox) => existsSync(join(sandbox, 'join.sh')),
};

describe.skipIf(missing.length > 0).each(CALLERS)(
  `a lab of %s (needs ${missing.join(', ') || 'nothing more'})`,
  (name) => {
    let caller: Caller;
    let before: readonly string[];
    let host: string;
    beforeAll(async () => {
      caller = makeCaller(name);
      await writeLab(caller, FILE);
      host = await hostNetwork();
    });
    beforeEach(async () => {
      before = await processes(caller);
    });
    afterEach(async () => {
      await caller.unshared(['lab', 'stop']);
      await until('nothing runs any more', async () => (await processes(caller)).every((one) => before.includes(one)));
      expect([await running(caller), sandboxFolders(caller)]).toEqual([[], []]);
      expect(await hostNetwork()).toBe(host);
    });
    afterAll(() => caller.remove());

    const works = async (): Promise<void> => {
      const [one] = [await started(caller, 'one'), await started(caller, 'two')];
      expect((await inSandbox(caller, one, ping('two'))).stdout).toBe('reached');
    };

    it.each(Object.entries(STAGES))(
      'whose launcher is killed when it has made %s leaves nothing',
      async (_, isThere) => {
        const child = begun(caller, ['run', '--profile', 'once', '--', 'sleep', '60']);
        await until('it has come so far', () => isThere(labFolder(caller), sandboxFolder(caller)));
        child.kill('SIGKILL');
        await child;
        await until('its hub has ended', async () => (await hubs(caller)).length === 0);
        await works();
      },
    );

    it('whose sandbox is killed keeps the others connected', async () => {
      await works();
      const [one, two] = await both(caller);
      process.kill(two.pid, 'SIGKILL');
      await until('it is gone', () => startTimeOf(two.pid) !== two.startTime);
      const again = await started(caller, 'two');
      expect((await inSandbox(caller, one, ping('two'))).stdout).toBe('reached');
      expect((await inSandbox(caller, again, ping('one'))).stdout).toBe('reached');
    });

    it('of which everything is killed starts again', async () => {
      await works();
      const sandboxes = await running(caller);
      const all = [...(await hubs(caller)), ...sandboxes.map(({ pid }) => pid)];
      for (const pid of all) process.kill(pid, 'SIGKILL');
      await until('all is gone', () => all.every((pid) => startTimeOf(pid) === undefined));
      await works();
    });

    it('has room for 50 sandboxes on one bridge', { timeout: patience(120_000) }, async () => {
      for (let round = 0; round < 5; round++) {
        const all = await Promise.all(
          Array.from({ length: 10 }, () =>
            caller.unshared(['run', '--profile', 'many', '--', 'true'], { timeout: patience(60_000) }),
          ),
        );
        expect(all.map(({ exitCode, stderr }) => (exitCode === 0 ? '' : stderr)).join('')).toBe('');
      }
      const sandboxes = await running(caller);
      const addresses = sandboxes.map(({ lab }) => lab?.interfaces[0]?.addresses[0]?.split('/')[0] ?? '');
      expect([new Set(addresses).size, (await hubs(caller)).length]).toEqual([50, 1]);
      const [first] = sandboxes;
      if (first === undefined) throw new Error('none runs');
      const { stdout } = await inSandbox(caller, first, addresses.map(ping).join('; '));
      expect(stdout.split('\n')).toEqual(Array(50).fill('reached'));
      expect((await inSandbox(caller, first, 'grep -c many /etc/hosts')).stdout).toBe('50');
    });
  },
);

describe.skipIf(missing.length > 0).each(CALLERS)(
  `when the start of a lab of %s is given up, nothing is left (needs ${missing.join(', ') || 'nothing more'})`,
  (name) => {
    let caller: Caller;
    beforeEach(async () => {
      caller = makeCaller(name);
      await writeLab(caller, FILE);
    });
    afterEach(async () => {
      await until('its hub has ended', async () => (await hubs(caller)).length === 0);
      caller.remove();
    });

    it.each(Object.entries(STAGES))('when it has made %s', async (_, isThere) => {
      const child = begun(caller, ['lab', 'start', 'one', 'two']);
      await until('it has come so far', () => isThere(labFolder(caller), sandboxFolder(caller)));
      const lab = labFolder(caller);
      child.kill('SIGTERM');
      expect((await child).exitCode).toBe(143);
      expect([scripts(lab), entries(join(lab, 'members')), sandboxFolders(caller)]).toEqual([[], [], []]);
    });

    it('while another start has its lock', async () => {
      const first = await started(caller, 'one');
      const { folder = '' } = first.lab ?? {};
      const holder = execa(
        'flock',
        ['--no-fork', join(folder, 'starting'), 'sh', '-c', 'echo has it; exec sleep 60'],
        QUIET,
      );
      await once(holder.stdout, 'data');
      const child = begun(caller, ['run', '--profile', 'once', '--', 'true']);
      await until('it waits', () => scripts(folder).length === 2);
      child.kill('SIGTERM');
      expect((await child).exitCode).toBe(143);
      expect([scripts(folder).length, entries(join(folder, 'members')).length]).toEqual([1, 1]);
      holder.kill('SIGKILL');
      await holder;
      await caller.unshared(['lab', 'stop']);
    });

    it('at its second sandbox', async () => {
      const child = begun(caller, ['lab', 'start', 'one', 'slow']);
      await until(
        'it has come so far',
        async () => (await execa('pgrep', ['-fx', 'sleep 58.25'], QUIET)).exitCode === 0,
      );
      expect((await running(caller)).map(({ profile }) => profile)).toEqual(['one', 'slow']);
      child.kill('SIGINT');
      expect((await child).exitCode).toBe(130);
      expect([await running(caller), sandboxFolders(caller)]).toEqual([[], []]);
    });

    it('when it is the example', async () => {
      const child = begun(caller, ['lab', 'example']);
      for await (const line of child) if (line.includes('ping -c')) child.kill('SIGTERM');
      expect((await child).exitCode).toBe(143);
      expect([await running(caller), sandboxFolders(caller)]).toEqual([[], []]);
    });
  },
);

const QUIET = { reject: false } as const;

async function both(caller: Caller): Promise<readonly [Sandbox, Sandbox]> {
  const sandboxes = await running(caller);
  const [one, two] = ['one', 'two'].map((name) => sandboxes.find(({ profile }) => profile === name));
  if (one === undefined || two === undefined) throw new Error('not both run');
  return [one, two];
}

/** Those that have the caller's runtime folder, or the mark of a sandbox, among their arguments. */
async function processes({ runtime }: Caller): Promise<readonly string[]> {
  const { stdout } = await execa('pgrep', ['-f', `^[^ ]*(flock|sh|unshare|nsenter|setsid) .*${runtime}/`], QUIET);
  return stdout.split('\n').filter((pid) => pid !== '' && startTimeOf(Number(pid)) !== undefined);
}

/** Of the machine: links, addresses, routes and rules. */
async function hostNetwork(): Promise<string> {
  const commands = [
    ['ip', '-j', 'link'],
    ['ip', '-j', 'route'],
    ['ip', '-6', '-j', 'route'],
    ['nft', 'list', 'ruleset'],
  ];
  const said = await Promise.all(commands.map(([file = '', ...args]) => execa(file, args, { reject: false })));
  return said.map(({ stdout }) => stdout.replace(/"expires":\d+/g, '')).join('\n');
}

const labFolder = ({ runtime, workspace }: Caller): string =>
  join(
    runtime,
    '.labs',
    entries(join(runtime, '.labs')).find((lab) => isOf(join(runtime, '.labs', lab), workspace)) ?? 'none',
  );

/** Root has one place for the labs of all callers. */
function isOf(lab: string, workspace: string): boolean {
  return scripts(lab).some((script) => readFileSync(script, 'utf8').includes(workspace));
}

/** Each start has one. */
const scripts = (lab: string): readonly string[] =>
  entries(lab)
    .filter((name) => /^lab\..*\.sh$/.test(name))
    .map((name) => join(lab, name));

const sandboxFolder = (caller: Caller): string => join(caller.runtime, sandboxFolders(caller)[0] ?? 'none');

function entries(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
