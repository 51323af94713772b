import { release } from 'node:os';
import type { HostLine } from '../model/host.ts';
import { attempt } from './attempt.ts';
import { fix, installFix } from './fixes.ts';
import { found, neededLine } from './line.ts';
import { findProgram, PROGRAMS, type ProgramName } from './programs.ts';

/** Time namespaces came with 5.6, overlay mounts in user namespaces with 5.11, mount_setattr(2) with 5.12. */
export function kernelLine(version: string = release()): HostLine {
  if (isAtLeast(version, [5, 12])) return neededLine('kernel', 'ok', found('kernel', { version }));
  return neededLine('kernel', 'missing', found('kernelTooOld', { version, needed: '5.12' }, fix('upgradeKernel')));
}

/** Older ones have no `unshare --time` or lack options of setpriv(1) and mount(8) that every script uses. */
export async function utilLinuxLine(): Promise<HostLine> {
  const { output } = await attempt(['unshare', '--version']);
  const version = /(\d+\.\d+\S*)/.exec(output)?.[1] ?? '?';
  if (isAtLeast(version, [2, 37])) return neededLine('util-linux', 'ok', found('utilLinux', { version }));
  const old = found('utilLinuxTooOld', { version, needed: '2.37' }, fix('upgradeUtilLinux'));
  return neededLine('util-linux', 'missing', old);
}

/** Whether a version such as `6.1.0-18-amd64` is at least this one. */
export function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first, second] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}

/** A line for each program that is missing of those that every sandbox needs, or one for all. */
export function programLines(): readonly HostLine[] {
  const names = Object.keys(PROGRAMS) as ProgramName[];
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return [neededLine('programs', 'ok', found('programs', { count: names.length }))];
  return missing.map((program) =>
    neededLine(`program-${program}`, 'missing', found('programMissing', { program }, installFix(program))),
  );
}
