import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cgroupHierarchies } from '../../src/cgroup/hierarchies.ts';
import type { HostCaller } from '../../src/host/caller.ts';
import { controllerLine } from '../../src/host/limits.ts';
import type { Manager } from '../../src/host/user-manager.ts';
import { CONTROLLERS } from '../../src/model/host.ts';
import { check, hidden, surroundings, type Surroundings } from '../support/surroundings.ts';
import { isRoot, makeCaller, USER, type Caller } from '../support/unshared.ts';

const IDS = CONTROLLERS.map((controller) => `limit-${controller}`);
const hierarchies = cgroupHierarchies();
const UNMOUNTED = hierarchies.map(({ mountPoint }) => `umount --lazy ${mountPoint}`).join('\n');
const legacyPids = hierarchies.find(({ version, controllers }) => version === 1 && controllers.includes('pids'));

describe.skipIf(!isRoot)('controllers that cannot be had (needs root)', () => {
  let caller: Caller;
  let around: Surroundings | undefined;
  beforeAll(() => {
    caller = makeCaller('user');
  });
  afterEach(() => around?.end());
  afterAll(() => caller.remove());

  async function linesIn(setup: string, who = caller) {
    around = await surroundings(setup);
    return check(who, around.inside);
  }

  /** /proc/cgroups with a row of each controller that is on (1) or off (0). */
  const table = (enabled: 0 | 1, names: readonly string[]): string =>
    `printf '${names.map((name) => `${name}\\t0\\t1\\t${enabled}\\n`).join('')}' >$T/cgroups
     mount --bind $T/cgroups /proc/cgroups`;
  const NAMES = ['memory', 'pids', 'cpu', 'cpuset', 'blkio', 'hugetlb'];

  it.each([
    ['no tree is mounted', table(1, NAMES), 'controllerNotMounted', 'mountCgroups'],
    ['the kernel was started with them off', table(0, NAMES), 'controllerSwitchedOff', 'kernelParameter'],
    ['the kernel has none', table(1, ['devices']), 'controllerNotInKernel', 'upgradeKernel'],
  ])('%s', async (_, setup, code, fix) => {
    const lines = await linesIn(`${UNMOUNTED}\n${setup}`);
    for (const id of IDS) expect(lines.get(id)).toMatchObject({ status: 'missing', code, fix: { code: fix } });
  });

  it.skipIf(hierarchies.length === 0)('the trees are read-only, as in a container', async () => {
    const readOnly = hierarchies.map(({ mountPoint }) => `mount -o remount,bind,ro ${mountPoint}`).join('\n');
    const root = makeCaller('root');
    const lines = await linesIn(readOnly, root);
    expect(lines.get('limit-pids')).toMatchObject({ status: 'missing', code: 'controllerClosed' });
    expect(lines.get('limit-pids')?.args.reason).toMatch(/EROFS/);
    root.remove();
  });

  it('they are not the caller’s, and without pkexec there is no helper', async () => {
    const lines = await linesIn(hidden('pkexec'));
    expect(lines.get('limit-pids')).toMatchObject({
      status: 'missing',
      code: 'controllerNotYours',
      args: { helper: false },
    });
  });

  it.skipIf(legacyPids === undefined)('a cgroup was given to the caller (needs cgroup v1)', async () => {
    const folder = `${legacyPids?.mountPoint ?? ''}/unshared-check-${process.pid}`;
    mkdirSync(folder);
    const enter = `chown ${USER} ${folder} ${folder}/cgroup.procs; echo $$ >${folder}/cgroup.procs; "$@"; status=$?
      echo $$ >${legacyPids?.mountPoint ?? ''}/cgroup.procs; exit $status`;
    const lines = await check(caller, ['sh', '-c', enter, 'sh']);
    expect(lines.get('limit-pids')).toMatchObject({ status: 'ok', code: 'controller', args: { way: 'own' } });
    rmdirSync(folder);
  });

  it('what waits is not told', async () => {
    const lines = await linesIn('mount -t tmpfs tmpfs /proc/pressure');
    expect(lines.get('pressure')).toMatchObject({
      status: 'missing',
      code: 'pressureOff',
      fix: { commands: ['psi=1'] },
    });
  });
});

describe('a controller on cgroup v2', () => {
  const mountPoint = mkdtempSync(join(tmpdir(), 'cgroup2-'));
  const own = join(mountPoint, 'own');
  mkdirSync(own);
  afterAll(() => rmSync(mountPoint, { recursive: true }));

  const hierarchy = { key: '', version: 2, mountPoint, root: '/', controllers: ['cpu', 'memory'] } as const;
  const caller: HostCaller = {
    uid: USER,
    gid: USER,
    name: 'checker',
    owner: { uid: USER, gid: USER },
    asOwner: [],
    stateFolder: '/nowhere',
    ranges: { uids: [], gids: [] },
    controllers: [],
  };
  const manager = (...controllers: string[]): Manager => ({ running: true, controllers, runtime: undefined });
  const none: Manager = { running: false, controllers: [], runtime: undefined };

  it('is kept by a manager that was given it', () => {
    const line = controllerLine({ controller: 'cpu', hierarchy, own: undefined }, caller, manager('cpu'));
    expect(line).toMatchObject({ status: 'ok', finding: { args: { way: 'systemd' } } });
  });

  it('can be given to the manager by a file', () => {
    const line = controllerLine({ controller: 'cpu', hierarchy, own: undefined }, caller, manager('memory', 'pids'));
    expect(line).toMatchObject({ finding: { code: 'controllerNotYours', args: { lacks: 'delegation' } } });
    expect(line.fix?.file).toEqual({
      path: '/etc/systemd/system/user@.service.d/delegate.conf',
      content: '[Service]\nDelegate=cpu cpuset io memory pids\n',
    });
    expect(line.fix?.commands.at(-1)).toContain('systemctl daemon-reload');
  });

  it('that systemd does not know is not promised', () => {
    const line = controllerLine({ controller: 'hugetlb', hierarchy, own: undefined }, caller, manager('memory'));
    expect(line).toMatchObject({ finding: { args: { lacks: 'support' } }, fix: undefined });
  });

  it('is had from a manager that this session does not know', () => {
    const lost: Manager = { ...none, runtime: `/run/user/${USER}` };
    const line = controllerLine({ controller: 'cpu', hierarchy, own: undefined }, caller, lost);
    expect(line.fix).toEqual({ code: 'findManager', commands: [`export XDG_RUNTIME_DIR=/run/user/${USER}`] });
  });

  it('in an own cgroup must have come down to it, and may go on only where no process is', () => {
    const reason = (controllers: string, procs: string, enabled: string): unknown => {
      const files = { type: 'domain\n', controllers, procs, subtree_control: enabled };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(own, `cgroup.${name}`), text);
      return controllerLine({ controller: 'cpu', hierarchy, own }, caller, none).finding;
    };
    expect(reason('cpu memory\n', '', '')).toMatchObject({ code: 'controller', args: { way: 'own' } });
    expect(reason('memory\n', '', '')).toMatchObject({ args: { reason: 'cpu did not come down to it' } });
    expect(reason('cpu\n', '1\n', '')).toMatchObject({ code: 'controllerClosed' });
    expect(reason('cpu\n', '1\n', 'cpu\n')).toMatchObject({ code: 'controller' });
  });
});
