import { requireProgram } from '../host/programs.ts';
import { runProgram } from '../host/run-program.ts';
import { hostFeatures } from '../host/features.ts';
import { fail } from '../model/problem.ts';
import type { Landlock } from '../model/profile.ts';
import { filterInside, TOOL_FOLDER } from './foreign-tools.ts';
import { findInside, type World } from './whats-inside.ts';

/** Names of setpriv(1) for the access rights of landlock(7); those of the second list mean folders alone. */
const READ = { any: ['execute', 'read-file'], folder: ['read-dir'] };
const WRITE = {
  any: ['write-file', 'truncate'],
  folder: [
    ...['remove-dir', 'remove-file', 'make-char', 'make-dir', 'make-reg', 'make-sock', 'make-fifo', 'make-block'],
    ...['make-sym', 'refer'],
  ],
};
const ALL = [...READ.any, ...READ.folder, ...WRITE.any, ...WRITE.folder];

/** What a terminal is made of, and the host's tools in a foreign root: neither is worth anything to who has it. */
const TERMINAL = '/dev';

/**
 * The options of setpriv(1) that keep the rules of a profile. What is needed to become a terminal can be read beside them.
 * @throws ProblemError `landlockPathMissing`, `mountTargetRefused`, `landlockUnavailable`.
 */
export async function planLandlock(landlock: Landlock | undefined, world: World): Promise<readonly string[]> {
  if (landlock === undefined) return [];
  await requireLandlock();
  return landlockOptions(landlock, world);
}

/** @throws ProblemError `landlockPathMissing`, `mountTargetRefused`. */
export function landlockOptions({ readOnly, readWrite }: Landlock, world: World): readonly string[] {
  const needed = world.foreign ? [TOOL_FOLDER] : [filterInside(false)];
  const known = needed.filter((path) => ['file', 'folder'].includes(findInside(path, world).kind));
  return [
    `--landlock-access=fs:${ALL.join()}`,
    rule(TERMINAL, ALL),
    ...[...known, ...readOnly].map((path) =>
      rule(path, isFolder(path, world) ? [...READ.any, ...READ.folder] : READ.any),
    ),
    ...readWrite.map((path) => rule(path, isFolder(path, world) ? ALL : [...READ.any, ...WRITE.any])),
  ];
}

function rule(path: string, rights: readonly string[]): string {
  return `--landlock-rule=path-beneath:${rights.join()}:${path}`;
}

/** The kernel refuses a right of folders for a file. */
function isFolder(path: string, world: World): boolean {
  if (path === '/') return true;
  const { kind } = findInside(path, world);
  if (kind === 'missing' || kind === 'never') fail('landlockPathMissing', { path });
  return kind === 'folder';
}

/** @throws ProblemError `landlockUnavailable` also where it does not work when it is tried. */
async function requireLandlock(): Promise<void> {
  if (!(await hostFeatures()).setpriv.landlock) {
    const fix = 'It comes with util-linux 2.41: Debian 13, Fedora 42 or newer. Or take "landlock" out of the profile.';
    fail('landlockUnavailable', { reason: 'the setpriv of this machine cannot set them', fix });
  }
  const options = [`--landlock-access=fs:${ALL.join()}`, `--landlock-rule=path-beneath:${ALL.join()}:/`];
  const { exitCode, stderr } = await runProgram(requireProgram('setpriv'), [...options, '--', 'true']);
  if (exitCode !== 0)
    fail('landlockUnavailable', {
      reason: stderr.trim(),
      fix: 'Enable Landlock in the kernel: lsm=landlock,… (landlock(7)).',
    });
}
