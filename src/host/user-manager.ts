import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { attempt } from './attempt.ts';
import type { HostCaller } from './caller.ts';
import { readIfThere } from './settings.ts';

/** The systemd manager of the caller (user@.service(5)), asked just now. */
export interface Manager {
  readonly running: boolean;
  /** What it was given to hand on. */
  readonly controllers: readonly string[];
  /** Its folder, where it runs but XDG_RUNTIME_DIR does not say so, as after su(1). */
  readonly runtime: string | undefined;
}

const NAME = 'org.freedesktop.systemd1';
const GROUP = [NAME, '/org/freedesktop/systemd1', `${NAME}.Manager`, 'ControlGroup'] as const;

export async function findManager({ uid, controllers }: HostCaller): Promise<Manager> {
  const runtime = process.env.XDG_RUNTIME_DIR;
  const group = uid === 0 || runtime === undefined || !isHome(runtime) ? undefined : await controlGroup(runtime);
  if (group === undefined) return { running: false, controllers: [], runtime: homeElsewhere(uid, runtime) };
  const unified =
    controllers.find(({ hierarchy }) => hierarchy?.version === 2)?.hierarchy?.mountPoint ?? '/sys/fs/cgroup';
  const delegated = readIfThere(join(unified, group, 'cgroup.controllers')) ?? '';
  return { running: true, controllers: delegated.split(/\s+/).filter(Boolean), runtime: undefined };
}

const isHome = (folder: string): boolean => existsSync(join(folder, 'bus')) && existsSync(join(folder, 'systemd'));

/** The cgroup of the manager, as it says itself (org.freedesktop.systemd1(5)); undefined where it does not answer. */
async function controlGroup(runtime: string): Promise<string | undefined> {
  const { output } = await attempt(['busctl', '--user', 'get-property', ...GROUP], {
    env: { XDG_RUNTIME_DIR: runtime },
  });
  return /^s "(.*)"$/m.exec(output)?.[1];
}

function homeElsewhere(uid: number, known: string | undefined): string | undefined {
  const usual = `/run/user/${uid}`;
  return uid !== 0 && known !== usual && isHome(usual) ? usual : undefined;
}
