import type { HostLine } from '../model/host.ts';
import { NAMESPACE_TYPES, type NamespaceType } from '../model/namespace.ts';
import { attempt } from './attempt.ts';
import { fix, settingFix } from './fixes.ts';
import { found, neededLine, type Found } from './line.ts';
import { hostMounts, mountsBelow } from './mounts.ts';
import { readSetting } from './settings.ts';
import { containerFix, userNamespaceRefusal } from './user-namespaces.ts';

type OtherType = Exclude<NamespaceType, 'user'>;

/** What unshare(1) makes each with; a time namespace is one only for children and with an offset of its own. */
const OPTIONS: Readonly<Record<OtherType, readonly string[]>> = {
  mnt: ['--mount'],
  pid: ['--pid', '--fork'],
  net: ['--net'],
  ipc: ['--ipc'],
  uts: ['--uts'],
  cgroup: ['--cgroup'],
  time: ['--time', '--boottime', '7', '--fork'],
};

const OTHERS = NAMESPACE_TYPES.filter((type) => type !== 'user');

/** Each namespace by itself, in a user namespace, and a proc file system in them. `asOwner` stands in front of unshare(1). */
export async function namespaceLines(asOwner: readonly string[]): Promise<readonly HostLine[]> {
  const refusal = await userNamespaceRefusal(asOwner);
  if (refusal) return [neededLine('namespace-user', 'missing', refusal), UNTRIED];
  const others = OTHERS.map((type) => tryType(type, asOwner));
  return [works('user'), ...(await Promise.all([...others, tryProc(asOwner)]))];
}

const UNTRIED = neededLine('namespace-others', 'missing', found('untried', { feature: 'otherNamespaces' }));

const works = (type: NamespaceType): HostLine => neededLine(`namespace-${type}`, 'ok', found('namespace', { type }));

async function tryType(type: OtherType, asOwner: readonly string[]): Promise<HostLine> {
  const { ok, reason } = await attempt([...asOwner, 'unshare', '--user', '--map-root-user', ...OPTIONS[type], 'true']);
  return ok ? works(type) : neededLine(`namespace-${type}`, 'missing', refusedType(type, reason));
}

/** The errors of unshare(2); a kernel without a type has no file for it in /proc either. */
function refusedType(type: OtherType, reason: string): Found {
  if (reason.includes('No space left')) return usedUp(type);
  if (/Invalid argument|No such file/.test(reason))
    return found('namespaceNotInKernel', { type }, fix('upgradeKernel'));
  return found('namespaceRefused', { type, reason }, fix('otherRuntime'));
}

/** The limit of this user namespace and of each around it counts (namespaces(7), "/proc/sys/user"). */
function usedUp(type: OtherType): Found {
  const setting = `user.max_${type}_namespaces`;
  const own = Number(readSetting(setting.replace('.', '/')));
  return found('namespaceLimit', { type, setting }, own > 0 ? fix('settingOutside') : settingFix(setting, '15000'));
}

/** The kernel mounts a new proc only where nothing of the present one is covered (mount_namespaces(7), "locked"). */
async function tryProc(asOwner: readonly string[]): Promise<HostLine> {
  const inside = ['unshare', '--user', '--map-root-user', '--mount', '--pid', '--fork'];
  const { ok, reason } = await attempt([...asOwner, ...inside, 'mount', '-t', 'proc', 'proc', '/proc']);
  return ok ? neededLine('proc', 'ok', found('ownProc', {})) : neededLine('proc', 'missing', refusedProc(reason));
}

/** Where binfmt_misc is mounted is an empty folder of the kernel, which covers nothing. */
function refusedProc(reason: string): Found {
  const mounts = mountsBelow('/proc', hostMounts())
    .map(({ target }) => target)
    .filter((target) => target !== '/proc/sys/fs/binfmt_misc');
  if (mounts.length === 0) return found('ownProcRefused', { reason }, fix('otherRuntime'));
  return found('ownProcCovered', { mounts }, containerFix('systempaths=unconfined'));
}
