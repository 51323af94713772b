import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HostLine } from '../model/host.ts';
import { attempt } from './attempt.ts';
import { hostFeatures, type ProgramFeatures } from './features.ts';
import { fix, installFix } from './fixes.ts';
import { findLibrary } from './libraries.ts';
import { found, line, type Found } from './line.ts';
import { PERL_LOADER, perlKnowsThisMachine } from './perl-loader.ts';
import { findProgram, quoted } from './programs.ts';
import { readIfThere } from './settings.ts';

/** A filter of system calls needs a library that writes it and a program that sets it; Landlock a program alone. */
export async function confinementLines(asOwner: readonly string[]): Promise<readonly HostLine[]> {
  const features = await hostFeatures();
  const tried = await Promise.all([loaderLine(features, asOwner), landlockLine(features, asOwner)]);
  return [libraryLine(), ...tried];
}

function libraryLine(): HostLine {
  const path = findLibrary('libseccomp.so.2');
  if (path !== undefined) return line('seccomp-library', 'ok', found('seccompLibrary', { path }));
  return line('seccomp-library', 'missing', found('seccompLibraryMissing', {}, installFix('libseccomp.so.2')));
}

async function loaderLine(features: ProgramFeatures, asOwner: readonly string[]): Promise<HostLine> {
  const id = 'seccomp-loader';
  const program = loader(features);
  if (program === undefined) return line(id, 'missing', found('seccompLoaderMissing', {}, installFix('perl')));
  const refusal = await tryLoader(program, asOwner);
  return refusal ? line(id, 'missing', refusal) : line(id, 'ok', found('seccompLoader', { program }));
}

type Loader = 'setpriv' | 'perl';

function loader({ setpriv }: ProgramFeatures): Loader | undefined {
  if (setpriv.seccompFilter) return 'setpriv';
  return perlKnowsThisMachine && findProgram('perl') !== undefined ? 'perl' : undefined;
}

/** One instruction, BPF_RET of SECCOMP_RET_ALLOW (seccomp(2)): a filter that allows everything. */
const ALLOW = Buffer.from([0x06, 0, 0, 0, 0, 0, 0xff, 0x7f]);

const LOADERS: Readonly<Record<Loader, string>> = {
  setpriv: 'exec setpriv --no-new-privs --seccomp-filter "$1" cat /proc/self/status',
  perl: `exec setpriv --no-new-privs perl ${PERL_LOADER.map(quoted).join(' ')} "$1" cat /proc/self/status`,
};

/** Loads a filter, and looks whether it is there. */
async function tryLoader(program: Loader, asOwner: readonly string[]): Promise<Found | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'seccomp-'));
  try {
    const file = join(folder, 'allow.bpf');
    chmodSync(folder, 0o755);
    writeFileSync(file, ALLOW, { mode: 0o644 });
    const { output, reason } = await attempt([...asOwner, 'sh', '-c', LOADERS[program], 'sh', file]);
    if (/^Seccomp:\s*2$/m.test(output)) return undefined;
    return found('seccompLoaderFails', { program, reason }, fix('otherRuntime'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Landlock is a choice of whoever built and booted the kernel (landlock.rst, "Boot time configuration"). */
async function landlockLine({ setpriv }: ProgramFeatures, asOwner: readonly string[]): Promise<HostLine> {
  const modules = readIfThere('/sys/kernel/security/lsm')?.trim().split(',');
  if (modules?.includes('landlock') === false) {
    const parameter = fix('kernelParameter', [`lsm=landlock,${modules.join(',')}`]);
    return line('landlock', 'missing', found('landlockOff', {}, parameter));
  }
  if (!setpriv.landlock) return line('landlock', 'missing', found('landlockNoLoader', {}, fix('upgradeUtilLinux')));
  const confined = ['setpriv', '--no-new-privs', '--landlock-access', 'fs:write', 'true'];
  const { ok, reason } = await attempt([...asOwner, ...confined]);
  if (ok) return line('landlock', 'ok', found('landlock', {}));
  return line('landlock', 'missing', found('landlockRefused', { reason }, fix('upgradeKernel')));
}
