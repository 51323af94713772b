import { statSync } from 'node:fs';
import { fix } from './fixes.ts';
import { found, type Found } from './line.ts';
import { hostMounts } from './mounts.ts';
import { asRoot } from './programs.ts';
import { ownStatus } from './settings.ts';

/**
 * Why newuidmap(1) or newgidmap(1) failed: execve(2) raises nobody's rights after no_new_privs or on a nosuid mount;
 * else the program was given none, or it knows of no such range.
 */
export function powerless(program: string, reason: string): Found {
  if (ownStatus('NoNewPrivs') === '1') return found('idRangesNoNewPrivileges', {}, fix('withoutNoNewPrivileges'));
  const mount = nosuidMountAround(program);
  if (mount !== undefined) {
    const remount = asRoot(`mount -o remount,bind,suid ${mount}`);
    return found('idRangesNosuid', { program, mount }, fix('remountSuid', [remount]));
  }
  if (!reason.includes('not allowed') && !isSetUserId(program))
    return found('idRangesPowerless', { program }, fix('makeSetuid', [asRoot(`chmod u+s ${program}`)]));
  return found('idRangesRefused', { reason }, fix('correctRanges', ['grep . /etc/subuid /etc/subgid']));
}

/** The longest target is the innermost mount; of several on one place the last is on top. */
function nosuidMountAround(path: string): string | undefined {
  const around = hostMounts().filter(({ target }) => `${path}/`.startsWith(target === '/' ? '/' : `${target}/`));
  const mount = around.toSorted((a, b) => a.target.length - b.target.length).at(-1);
  return mount?.options.includes('nosuid') === true ? mount.target : undefined;
}

function isSetUserId(program: string): boolean {
  const { mode, uid } = statSync(program);
  return uid === 0 && (mode & 0o4000) !== 0;
}
