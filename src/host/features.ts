import type { MountOutcome } from '../model/host.ts';
import { attempt } from './attempt.ts';
import { parseMounts } from './mounts.ts';

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
