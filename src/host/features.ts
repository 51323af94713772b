import type { MountOutcome } from '../model/host.ts';
import { attempt } from './attempt.ts';
import { parseMounts } from './mounts.ts';

/** What the programs of this host say that they can: distributions patch and strip them, so a version tells little. */
export interface ProgramFeatures {
  readonly setpriv: { readonly seccompFilter: boolean; readonly landlock: boolean };
  readonly unshare: { readonly mapUsers: boolean; readonly mapAuto: boolean };
  readonly nsenter: { readonly env: boolean; readonly workingDirectoryInside: boolean };
}

let programs: Promise<ProgramFeatures> | undefined;

/** Asked once per process: one `--help` a program. */
export function hostFeatures(): Promise<ProgramFeatures> {
  return (programs ??= askPrograms());
}

const ASKED = ['setpriv', 'unshare', 'nsenter'] as const;

async function askPrograms(): Promise<ProgramFeatures> {
  const [setpriv = '', unshare = '', nsenter = ''] = await Promise.all(ASKED.map(helpOf));
  return featuresOf({ setpriv, unshare, nsenter });
}

async function helpOf(program: string): Promise<string> {
  return (await attempt([program, '--help'])).output;
}

/** What programs can that say this when they are asked for `--help`. */
export function featuresOf(help: Readonly<Record<(typeof ASKED)[number], string>>): ProgramFeatures {
  const has = (program: keyof typeof help, option: string): boolean =>
    new Set(help[program].match(/--[a-z][a-z-]*/g)).has(option);
  return {
    setpriv: { seccompFilter: has('setpriv', '--seccomp-filter'), landlock: has('setpriv', '--landlock-access') },
    unshare: { mapUsers: has('unshare', '--map-users'), mapAuto: has('unshare', '--map-auto') },
    nsenter: { env: has('nsenter', '--env'), workingDirectoryInside: has('nsenter', '--wdns') },
  };
}

/** What mount(8) really does with options that old versions accept and ignore. */
export interface MountFeatures {
  /** `ro=recursive`: a whole tree becomes read-only with its top. */
  readonly readOnlyTree: MountOutcome;
  /** `X-mount.idmap`: owners are shown as others (mount_setattr(2), MOUNT_ATTR_IDMAP). */
  readonly idmap: MountOutcome;
}

let mounts: Promise<MountFeatures> | undefined;

/** Tried once per process, on a tmpfs in namespaces of its own. `asOwner` stands in front of unshare(1). */
export function mountFeatures(asOwner: readonly string[]): Promise<MountFeatures> {
  return (mounts ??= tryMounts(asOwner));
}

const MOUNTS = `mount -t tmpfs tmpfs /tmp && cd /tmp && mkdir -p tree/below ro id && mount -t tmpfs tmpfs tree/below || exit
mount --rbind -o ro=recursive tree ro && echo accepted ro
mount --bind -o X-mount.idmap=b:0:0:1 tree id && echo accepted idmap
cat /proc/self/mountinfo`;

async function tryMounts(asOwner: readonly string[]): Promise<MountFeatures> {
  const inside = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', MOUNTS];
  const { output } = await attempt([...asOwner, ...inside]);
  const holds = (target: string, option: string): boolean =>
    parseMounts(output).some((mount) => mount.target === target && mount.options.includes(option));
  const outcome = (name: string, held: boolean): MountOutcome => {
    if (!output.includes(`accepted ${name}`)) return 'refused';
    return held ? 'works' : 'ignored';
  };
  return {
    readOnlyTree: outcome('ro', holds('/tmp/ro/below', 'ro')),
    idmap: outcome('idmap', holds('/tmp/id', 'idmapped')),
  };
}
