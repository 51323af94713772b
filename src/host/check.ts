import { execa } from 'execa';
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { setprivAbilities } from './setpriv.ts';
import { findProgram, PROGRAMS, requireLinux, type ProgramName } from './programs.ts';

/** What this host can do, tried just now. */
export interface HostReport {
  readonly lines: readonly HostLine[];
}

/** `ok`: it works · `limited`: sandboxes start without it, and say so · `missing`: they do not start. */
export interface HostLine {
  readonly id: string;
  readonly status: 'ok' | 'limited' | 'missing';
  /** What was found, and where it is not well, the cause and the narrowest way out. */
  readonly text: string;
}

/**
 * Tries what a sandbox needs, one thing a line.
 * @throws ProblemError `notLinux`.
 */
export async function checkHost(): Promise<HostReport> {
  requireLinux();
  const [version, namespaces, overlays, filter] = await Promise.all([
    utilLinux(),
    userNamespaces(),
    overlay(),
    seccomp(),
  ]);
  const tried = [kernel(release()), version, ...programs(), namespaces, overlays, filter];
  return { lines: [...tried, ...idRanges(), limits(), helper()] };
}

/** Time namespaces came with 5.6, overlay mounts in user namespaces with 5.11. */
export function kernel(version: string): HostLine {
  const enough = isAtLeast(version, [5, 11]);
  const text = enough ? `Linux ${version}` : `Linux ${version} is too old: 5.11 or newer is needed`;
  return { id: 'kernel', status: enough ? 'ok' : 'missing', text };
}

/** Whether a version such as `6.1.0-18-amd64` is at least this one. */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}

function programs(): readonly HostLine[] {
  const missing = (Object.keys(PROGRAMS) as ProgramName[]).filter((name) => findProgram(name) === undefined);
  if (missing.length === 0)
    return [{ id: 'programs', status: 'ok', text: `All ${Object.keys(PROGRAMS).length} programs are there` }];
  return missing.map((name) => ({
    id: `program-${name}`,
    status: 'missing',
    text: `The program ${name} is missing: sudo apt install ${PROGRAMS[name]}`,
  }));
}

async function utilLinux(): Promise<HostLine> {
  const unshare = findProgram('unshare');
  const { stdout } = unshare === undefined ? { stdout: '' } : await execa(unshare, ['--version'], { reject: false });
  const version = /(\d+\.\d+\S*)/.exec(stdout)?.[1] ?? 'of an unknown version';
  const enough = isAtLeast(version, [2, 37]);
  const text = enough ? `util-linux ${version}` : `util-linux ${version} is too old: 2.37 or newer is needed`;
  return { id: 'util-linux', status: enough ? 'ok' : 'missing', text };
}

async function userNamespaces(): Promise<HostLine> {
  const all = [
    '--user',
    '--map-root-user',
    '--mount',
    '--pid',
    '--fork',
    '--net',
    '--ipc',
    '--uts',
    '--cgroup',
    '--time',
  ];
  const { exitCode, stderr } = await execa('unshare', [...all, 'true'], { reject: false, stdin: 'ignore' });
  if (exitCode === 0) return { id: 'namespaces', status: 'ok', text: 'All eight namespaces can be made without root' };
  const text = `Namespaces cannot be made: ${lastLine(stderr)}. ${userNamespaceFix(stderr, readSetting)}`;
  return { id: 'namespaces', status: 'missing', text };
}

/** The cause of a refused user namespace, and the narrowest way out (user_namespaces(7), and what Debian and Ubuntu add). */
export function userNamespaceFix(stderr: string, setting: (name: string) => string | undefined): string {
  if (setting('kernel/unprivileged_userns_clone') === '0')
    return 'Allow them: sudo sysctl kernel.unprivileged_userns_clone=1';
  if (setting('user/max_user_namespaces') === '0' || stderr.includes('No space left'))
    return 'Allow more of them: sudo sysctl user.max_user_namespaces=15000';
  if (setting('kernel/apparmor_restrict_unprivileged_userns') === '1')
    return 'AppArmor restricts them: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or a profile for the programs that may.';
  return 'In a container, its runtime may forbid them (seccomp): start it with --security-opt seccomp=unconfined.';
}

/** A kernel parameter by its path beneath /proc/sys. */
export function readSetting(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

async function overlay(): Promise<HostLine> {
  const script =
    'mount -t tmpfs t /mnt && cd /mnt && mkdir l u w m && mount -t overlay -o lowerdir=l,upperdir=u,workdir=w,userxattr o m';
  const { exitCode, stderr } = await execa('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', script], {
    reject: false,
    stdin: 'ignore',
  });
  if (exitCode === 0)
    return { id: 'overlay', status: 'ok', text: 'Directories and archives can be root file systems (overlay)' };
  return {
    id: 'overlay',
    status: 'limited',
    text: `Only the host's own root can be used: overlay mounts fail (${lastLine(stderr)})`,
  };
}

async function seccomp(): Promise<HostLine> {
  const { seccomp: setpriv } = await setprivAbilities();
  if (setpriv || findProgram('perl') !== undefined)
    return { id: 'seccomp', status: 'ok', text: `System calls can be filtered (${setpriv ? 'setpriv' : 'perl'})` };
  const text = 'System calls are not filtered: install perl-base, or util-linux 2.41 or newer';
  return { id: 'seccomp', status: 'limited', text };
}

function idRanges(): readonly HostLine[] {
  if (process.getuid?.() === 0) return [];
  if (findProgram('newuidmap') !== undefined && hasRange())
    return [{ id: 'ranges', status: 'ok', text: 'You have subordinate user ids' }];
  const fix = findProgram('newuidmap') === undefined ? 'sudo apt install uidmap, and ' : '';
  const text = `You have no subordinate user ids, so only root exists inside: ${fix}sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER`;
  return [{ id: 'ranges', status: 'limited', text }];
}

function hasRange(): boolean {
  try {
    const owner = `${process.getuid?.() ?? ''}:|${process.env.USER ?? '\0'}:`;
    return new RegExp(`^(${owner})`, 'm').test(readFileSync('/etc/subuid', 'utf8'));
  } catch {
    return false;
  }
}

function limits(): HostLine {
  if (process.getuid?.() === 0)
    return { id: 'limits', status: 'ok', text: 'Limits: you are root, and make cgroups yourself' };
  const manager =
    process.env.XDG_RUNTIME_DIR !== undefined &&
    findProgram('busctl') !== undefined &&
    existsSync(`${process.env.XDG_RUNTIME_DIR}/bus`);
  return manager
    ? { id: 'limits', status: 'ok', text: 'Limits: your systemd manager keeps them' }
    : {
        id: 'limits',
        status: 'limited',
        text: 'Limits: without a systemd manager of yours they need the helper, which asks for a password',
      };
}

function helper(): HostLine {
  const pkexec = findProgram('pkexec');
  if (pkexec !== undefined) return { id: 'helper', status: 'ok', text: 'The helper can be started (pkexec)' };
  return { id: 'helper', status: 'limited', text: 'The helper cannot be started: sudo apt install pkexec' };
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
