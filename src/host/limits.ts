import { existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Controller, HostFix, HostLine } from '../model/host.ts';
import { messageOf } from '../model/message-of.ts';
import type { ControllerPlace, HostCaller } from './caller.ts';
import { fix, writing } from './fixes.ts';
import { found, line, type Found } from './line.ts';
import { asRoot, findProgram } from './programs.ts';
import { readIfThere } from './settings.ts';
import { findManager, type Manager } from './user-manager.ts';

/** By which way each controller can be had that limits need, and whether the kernel tells what waits for it. */
export async function limitLines(caller: HostCaller): Promise<readonly HostLine[]> {
  const manager = await findManager(caller);
  return [...caller.controllers.map((place) => controllerLine(place, caller, manager)), pressureLine()];
}

export function controllerLine(
  { controller, hierarchy, own }: ControllerPlace,
  caller: HostCaller,
  manager: Manager,
): HostLine {
  const id = `limit-${controller}`;
  if (hierarchy === undefined) return line(id, 'missing', unmounted(controller));
  if (hierarchy.version === 2 && manager.controllers.includes(controller))
    return line(id, 'ok', found('controller', { controller, way: 'systemd' }));
  if (own === undefined) return line(id, ...withoutOwn(controller, manager, caller));
  const reason = refusedIn(own) ?? (hierarchy.version === 2 ? keptFrom(own, controller) : undefined);
  if (reason === undefined) return line(id, 'ok', found('controller', { controller, way: 'own' }));
  return line(id, 'missing', found('controllerClosed', { controller, folder: own, reason }, fix('otherRuntime')));
}

/** Only making a cgroup shows that one may. */
function refusedIn(folder: string): string | undefined {
  const trial = join(folder, `namespace-sandboxes-check-${process.pid}`);
  try {
    mkdirSync(trial);
    rmdirSync(trial);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** On v2 a cgroup below the root hands a controller down only while no process is in it (cgroup-v2.rst). */
function keptFrom(folder: string, controller: Controller): string | undefined {
  const has = (file: string): boolean => readIfThere(join(folder, file))?.split(/\s+/).includes(controller) === true;
  if (!has('cgroup.controllers')) return `${controller} did not come down to it`;
  const full = existsSync(join(folder, 'cgroup.type')) && readIfThere(join(folder, 'cgroup.procs')) !== '';
  return full && !has('cgroup.subtree_control') ? 'processes are in it, so it hands nothing down' : undefined;
}

/** The helper makes cgroups for whoever has none, and asks for a password first. */
function withoutOwn(controller: Controller, manager: Manager, caller: HostCaller): ['limited' | 'missing', Found] {
  const helper = findProgram('pkexec') !== undefined;
  const lacks = !manager.running ? 'manager' : DELEGATED.includes(controller) ? 'delegation' : 'support';
  const way = { manager: managerFix(manager, caller), delegation: delegateFix(), support: undefined }[lacks];
  return [helper ? 'limited' : 'missing', found('controllerNotYours', { controller, lacks, helper }, way)];
}

const DROP_IN = '/etc/systemd/system/user@.service.d';
const DELEGATED: readonly string[] = ['cpu', 'cpuset', 'io', 'memory', 'pids'];

/** systemd.resource-control(5), `Delegate=`; it knows no controller for huge pages. */
function delegateFix(): HostFix {
  const file = { path: `${DROP_IN}/delegate.conf`, content: `[Service]\nDelegate=${DELEGATED.join(' ')}\n` };
  const commands = [asRoot(`mkdir -p ${DROP_IN}`), writing(file), asRoot('systemctl daemon-reload')];
  return { code: 'delegate', commands, file };
}

/** The manager may run without this process knowing, as after su(1), or wait for the first login (loginctl(1)). */
function managerFix({ runtime }: Manager, { uid, name }: HostCaller): HostFix | undefined {
  if (runtime !== undefined) return fix('findManager', [`export XDG_RUNTIME_DIR=${runtime}`]);
  const systemd = readIfThere('/proc/1/comm')?.trim() === 'systemd';
  return systemd ? fix('startManager', [asRoot(`loginctl enable-linger ${name ?? uid}`)]) : undefined;
}

/** A controller that is nowhere: not built in, switched off (`cgroup_disable=`), or no tree is mounted that has it. */
function unmounted(controller: Controller): Found {
  const listed = controller === 'io' ? 'blkio' : controller;
  const row = new RegExp(`^${listed}\\t\\d+\\t\\d+\\t([01])$`, 'm').exec(readIfThere('/proc/cgroups') ?? '');
  if (row === null) return found('controllerNotInKernel', { controller }, fix('upgradeKernel'));
  if (row[1] === '0') {
    const parameter = fix('kernelParameter', [`cgroup_enable=${listed}`]);
    return found('controllerSwitchedOff', { controller }, parameter);
  }
  const mount = asRoot('mount -t cgroup2 cgroup2 /sys/fs/cgroup');
  return found('controllerNotMounted', { controller }, fix('mountCgroups', [mount]));
}

/** Pressure stall information (psi.rst of the kernel) may be off though it is there: then it cannot be read. */
function pressureLine(): HostLine {
  if (readIfThere('/proc/pressure/memory') !== undefined) return line('pressure', 'ok', found('pressure', {}));
  return line('pressure', 'missing', found('pressureOff', {}, fix('kernelParameter', ['psi=1'])));
}
