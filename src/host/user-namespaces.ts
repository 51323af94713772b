import { readlinkSync, realpathSync, statSync } from 'node:fs';
import type { HostFix } from '../model/host.ts';
import { attempt } from './attempt.ts';
import { fix, settingFix, writing } from './fixes.ts';
import { found, type Found } from './line.ts';
import { hostMounts } from './mounts.ts';
import { asRoot, findProgram } from './programs.ts';
import { ownStatus, readIfThere, readSetting } from './settings.ts';

const WHOLE = ['unshare', '--user', '--map-root-user', '--mount', 'true'] as const;

/**
 * Whether a user namespace can be made, with its map and with its rights; undefined where it can.
 * Some hosts give one that has no rights in itself, so that only the map or a mount shows it.
 */
export async function userNamespaceRefusal(asOwner: readonly string[]): Promise<Found | undefined> {
  const whole = await attempt([...asOwner, ...WHOLE]);
  if (whole.ok) return undefined;
  const owner = await attempt([...asOwner, 'true']);
  if (!owner.ok) return found('ownerRefused', { reason: owner.reason }, fix('ordinaryUser'));
  const bare = await attempt([...asOwner, 'unshare', '--user', 'true']);
  if (!bare.ok) return refusedBecause(bare.reason, readCircumstances());
  // Mount namespaces have a limit of their own.
  return whole.reason.includes('No space left') ? undefined : withoutRights(whole.reason, readCircumstances());
}

/** What of this process and its kernel decides about user namespaces. */
export interface Circumstances {
  readonly setting: (name: string) => string | undefined;
  readonly inChroot: boolean;
  /** A seccomp filter is on this process (proc_pid_status(5), `Seccomp`). */
  readonly filtered: boolean;
  readonly inInitialNamespace: boolean;
  /** The AppArmor profile of this process, where one confines it. */
  readonly profile: string | undefined;
  readonly selinux: boolean;
}

/** The cause of a refused unshare(CLONE_NEWUSER): user_namespaces(7), "ERRORS" of unshare(2), and what distributions add. */
export function refusedBecause(reason: string, here: Circumstances): Found {
  if (/No space left|Too many users/.test(reason)) return usedUp(here);
  if (here.setting('kernel/unprivileged_userns_clone') === '0') return switchedOff();
  if (reason.includes('Invalid argument')) return found('userNamespacesNotInKernel', {}, fix('upgradeKernel'));
  if (here.inChroot) return found('userNamespacesInChroot', {}, fix('leaveChroot'));
  // A security module says EACCES, a filter mostly EPERM; where both are there, the error tells them apart.
  const module = securityModule(here);
  const filter = here.filtered ? filtered() : undefined;
  const [first, second] = reason.includes('Permission denied') ? [module, filter] : [filter, module];
  return first ?? second ?? unexplained(reason);
}

/** A namespace was made, but its map or a mount in it is refused: only security modules do that. */
export function withoutRights(reason: string, here: Circumstances): Found {
  return securityModule(here) ?? unexplained(reason);
}

const unexplained = (reason: string): Found => found('userNamespacesRefused', { reason }, fix('otherRuntime'));

const LIMIT = 'user.max_user_namespaces';

/** The limit of this namespace and of each around it counts, and so do 32 levels (namespaces(7), user_namespaces(7)). */
function usedUp({ setting, inInitialNamespace }: Circumstances): Found {
  const limit = setting('user/max_user_namespaces') ?? '?';
  if (limit === '0') return found('userNamespacesForbidden', { setting: LIMIT }, settingFix(LIMIT, '15000'));
  if (!inInitialNamespace) return found('userNamespacesUsedUpOutside', { setting: LIMIT }, fix('settingOutside'));
  const more = settingFix(LIMIT, String(Number(limit) * 2));
  return found('userNamespacesUsedUp', { setting: LIMIT, limit }, more);
}

function switchedOff(): Found {
  const setting = 'kernel.unprivileged_userns_clone';
  return found('userNamespacesOff', { setting }, settingFix(setting, '1'));
}

function filtered(): Found {
  return found('userNamespacesFiltered', {}, containerFix('seccomp=unconfined'));
}

/** Options for the program that starts the container around us. */
export function containerFix(...options: readonly string[]): HostFix {
  return fix('containerOptions', [options.map((option) => `--security-opt ${option}`).join(' ')]);
}

function securityModule({ setting, profile, selinux }: Circumstances): Found | undefined {
  if (profile !== undefined) {
    return found('userNamespacesAppArmorProfile', { profile }, containerFix('apparmor=unconfined'));
  }
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1') return restrictedByAppArmor();
  return selinux ? found('userNamespacesSelinux', {}, selinuxFix()) : undefined;
}

const PROFILE = '/etc/apparmor.d/namespace-sandboxes';

/** A profile that is unconfined but for its name lets one program make them (apparmor.d(5), "flags=(unconfined)"). */
function restrictedByAppArmor(): Found {
  const program = realpathSync(findProgram('unshare') ?? '/usr/bin/unshare');
  const lines = ['abi <abi/4.0>,', `profile namespace-sandboxes ${program} flags=(unconfined) {`, '  userns,', '}'];
  const file = { path: PROFILE, content: `${lines.join('\n')}\n` };
  const setting = 'kernel.apparmor_restrict_unprivileged_userns';
  const commands = [writing(file), asRoot(`apparmor_parser --replace ${PROFILE}`)];
  return found('userNamespacesAppArmor', { setting }, { code: 'appArmorProfile', commands, file });
}

/** A module of what the audit log says that was refused to unshare, and nothing else (audit2allow(1)). */
function selinuxFix(): HostFix {
  const make = 'ausearch --message avc --comm unshare --raw | audit2allow -M namespace-sandboxes';
  return fix('selinuxModule', [asRoot(`sh -c "${make}"`), asRoot('semodule --install namespace-sandboxes.pp')]);
}

function readCircumstances(): Circumstances {
  return {
    setting: readSetting,
    inChroot: isChroot(),
    filtered: ownStatus('Seccomp') === '2',
    inInitialNamespace: isInitialNamespace(),
    profile: confiningProfile(),
    selinux: readIfThere('/sys/fs/selinux/enforce') === '1',
  };
}

/** The kernel gives the first user namespace a fixed inode (PROC_USER_INIT_INO). */
function isInitialNamespace(): boolean {
  return readlinkSync('/proc/self/ns/user') === 'user:[4026531837]';
}

/** `NAME (enforce)`; `unconfined`, or a profile that only complains, refuses nothing. */
function confiningProfile(): string | undefined {
  const label = readIfThere('/proc/self/attr/apparmor/current') ?? '';
  return /^(.+) \(enforce\)$/m.exec(label)?.[1];
}

/**
 * Whether the root of this process is not that of its mount namespace (user_namespaces(7): EPERM then). A root that is
 * no mount point is one for sure; else a process around us that has another root shows it.
 */
function isChroot(): boolean {
  return !hostMounts().some(({ target }) => target === '/') || ancestors().some(hasOtherRoot);
}

function ancestors(pid: string = 'self'): readonly string[] {
  const parent = /^PPid:\t(\d+)$/m.exec(readIfThere(`/proc/${pid}/status`) ?? '')?.[1];
  return parent === undefined || parent === '0' ? [] : [parent, ...ancestors(parent)];
}

/** Unknown where the kernel does not let us look (ptrace(2), "Ptrace access mode checking"). */
function hasOtherRoot(pid: string): boolean {
  try {
    if (readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt')) return false;
    const [theirs, ours] = [statSync(`/proc/${pid}/root/`), statSync('/')];
    return theirs.dev !== ours.dev || theirs.ino !== ours.ino;
  } catch {
    return false;
  }
}
