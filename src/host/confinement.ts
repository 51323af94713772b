import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostLine } from '../model/host.ts';
import { attempt } from './attempt.ts';
import { fix, installFix } from './fixes.ts';
import { landlockVersion, NEEDED_LANDLOCK } from './landlock.ts';
import { findLibrary } from './libraries.ts';
import { found, line, type Found } from './line.ts';
import { findProgram } from './programs.ts';
import { readIfThere } from './settings.ts';
import { isKnownArchitecture, systemCallNumber } from './system-calls.ts';

/** A filter of system calls needs a library that writes it; perl(1) sets it, and the rules of Landlock. */
export async function confinementLines(asOwner: readonly string[]): Promise<readonly HostLine[]> {
  return [libraryLine(), ...(await Promise.all([loaderLine(asOwner), landlockLine()]))];
}

function libraryLine(): HostLine {
  const path = findLibrary('libseccomp.so.2');
  if (path !== undefined) return line('seccomp-library', 'ok', found('seccompLibrary', { path }));
  return line('seccomp-library', 'missing', found('seccompLibraryMissing', {}, installFix('libseccomp.so.2')));
}

async function loaderLine(asOwner: readonly string[]): Promise<HostLine> {
  const id = 'seccomp-loader';
  const isThere = isKnownArchitecture(process.arch) && findProgram('perl') !== undefined;
  if (!isThere) return line(id, 'missing', found('seccompLoaderMissing', {}, installFix('perl')));
  const refusal = await tryLoader(asOwner);
  return refusal ? line(id, 'missing', refusal) : line(id, 'ok', found('seccompLoader', { program: 'perl' }));
}

/** One instruction, BPF_RET of SECCOMP_RET_ALLOW (seccomp(2)): a filter that allows everything. */
const ALLOW = Buffer.from([0x06, 0, 0, 0, 0, 0, 0xff, 0x7f]);

/** Sets the filter of a file by prctl(2), and becomes cat(1). */
const LOAD = [
  'my ($prctl, $file) = splice @ARGV, 0, 2',
  'open my $handle, "<:raw", $file or die "$!\\n"',
  'sysread $handle, my $program, 4096 or die "$!\\n"',
  'syscall(0 + $prctl, 38, 1, 0, 0, 0) == 0 or die "$!\\n"',
  'syscall(0 + $prctl, 22, 2, pack "Sx![J]P", length($program) / 8, $program) == 0 or die "$!\\n"',
  'exec @ARGV',
].join('; ');

/** Loads a filter, and looks whether it is there. */
async function tryLoader(asOwner: readonly string[]): Promise<Found | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'seccomp-'));
  try {
    const file = join(folder, 'allow.bpf');
    chmodSync(folder, 0o755);
    writeFileSync(file, ALLOW, { mode: 0o644 });
    const words = ['perl', '-fTUe', LOAD, String(systemCallNumber('prctl')), file, 'cat', '/proc/self/status'];
    const { output, reason } = await attempt([...asOwner, ...words]);
    if (/^Seccomp:\s*2$/m.test(output)) return undefined;
    return found('seccompLoaderFails', { program: 'perl', reason }, fix('otherRuntime'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Landlock is a choice of whoever built and booted the kernel (landlock.rst, "Boot time configuration"). */
async function landlockLine(): Promise<HostLine> {
  const modules = readIfThere('/sys/kernel/security/lsm')?.trim().split(',');
  if (modules?.includes('landlock') === false) {
    const parameter = fix('kernelParameter', [`lsm=landlock,${modules.join(',')}`]);
    return line('landlock', 'missing', found('landlockOff', {}, parameter));
  }
  const { version, reason } = await landlockVersion();
  if (version >= NEEDED_LANDLOCK) return line('landlock', 'ok', found('landlock', {}));
  if (version === 0) return line('landlock', 'missing', found('landlockRefused', { reason }, fix('upgradeKernel')));
  return line('landlock', 'missing', found('landlockTooOld', { version }, fix('upgradeKernel')));
}
