import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostMounts } from '../host/mounts.ts';
import { findProgram, quoted } from '../host/programs.ts';
import type { InstallRefusal, RootPurpose } from '../model/elevation.ts';
import { fail } from '../model/problem.ts';
import { bundledFiles, INSTALLED_FOLDER, POLICY_FILE, sha256, writableByOthers } from './installed.ts';
import type { Person } from './person.ts';
import { startAsRoot, type RootChild } from './start-as-root.ts';

/** A script that root is to run, whole, and its arguments. */
export interface RootScript {
  readonly text: string;
  readonly args: readonly string[];
  readonly purpose: RootPurpose;
}

/**
 * The script that installs the bundled helper, after a look at whether this host can have it.
 * @throws ProblemError `helperNotInstallable`, with the reason.
 */
export function installScript(helperFile: string): RootScript {
  const folders = [dirname(INSTALLED_FOLDER), dirname(POLICY_FILE)];
  for (const folder of folders) refuseIf(folderRefusal(folder));
  const { helper, enter } = bundledFiles(helperFile);
  const args = [rootsRuntime(), helper, sha256(helper), enter, sha256(enter)];
  return { text: scriptBeside(helperFile, 'install.sh'), args, purpose: 'installHelper' };
}

/** The script that takes away every file of the installed helper. */
export function removeScript(helperFile: string): RootScript {
  return { text: scriptBeside(helperFile, 'remove.sh'), args: [], purpose: 'removeHelper' };
}

/** What will run, to be read before: the script with its arguments in a comment before it. */
export function scriptPreview({ text, args }: RootScript): string {
  if (args.length === 0) return text;
  const [first = '', ...rest] = text.split('\n');
  return [first, ...['# Its arguments here:', ...args.map((arg) => `#   ${quoted(arg)}`), '#'], ...rest].join('\n');
}

/**
 * Runs a script as root. It comes as an argument, not as a file, so that what was shown is what runs.
 * @throws ProblemError of startAsRoot, and `rootScriptFailed` with what it said.
 */
export async function runRootScript({ text, args, purpose }: RootScript, person: Person): Promise<void> {
  const child = await startAsRoot(['/bin/sh', '-c', text, 'sh', ...args], purpose, person, async (started) => {
    await saidBegun(started);
    return { done: started };
  });
  child.done.stdin.end();
  const { exitCode, stderr } = await child.done;
  if (exitCode !== 0) fail('rootScriptFailed', { reason: stderr.trim().split('\n').at(-1) ?? '' });
}

/** A script that root runs says so in its first line, before it does anything. */
function saidBegun({ stdout }: RootChild): Promise<void> {
  return new Promise((resolve) => stdout.once('data', () => resolve()));
}

function scriptBeside(helperFile: string, name: string): string {
  return readFileSync(join(dirname(helperFile), name), 'utf8');
}

function refuseIf(refusal: InstallRefusal | undefined): void {
  if (refusal) fail('helperNotInstallable', { refusal });
}

/** Why root cannot, or should not, write into a folder of the system. */
function folderRefusal(folder: string): InstallRefusal | undefined {
  if (!existsSync(folder) || realpathSync(folder) !== folder) return { why: 'folderMissing', path: folder };
  if (isReadOnly(folder)) return { why: 'folderReadOnly', path: folder };
  return openToOthers(folder);
}

/** The mount that a path is on is the last one that is made at it or above it. */
function isReadOnly(folder: string): boolean {
  const over = hostMounts().filter(({ target }) => `${folder}/`.startsWith(target === '/' ? '/' : `${target}/`));
  const deepest = over.reduce((best, mount) => (mount.target.length >= best.target.length ? mount : best));
  return deepest.options.includes('ro');
}

/** The first of a path and the folders above it that somebody else than root can change. */
function openToOthers(path: string): InstallRefusal | undefined {
  const fault = writableByOthers(path);
  if (fault !== undefined) return { why: fault === 'notRoots' ? 'notRoots' : 'othersCanWrite', path };
  return path === '/' ? undefined : openToOthers(dirname(path));
}

/**
 * A Node that only root can change: this very program (a root-owned VS Code is one too, when told so), else the system's.
 * Its version is looked at by the script.
 */
function rootsRuntime(): string {
  const candidates = [process.execPath, ...['node', 'nodejs'].map(findProgram)].filter((path) => path !== undefined);
  const real = [...new Set(candidates.map((path) => realpathSync(path)))];
  return (
    real.find((path) => openToOthers(path) === undefined) ??
    fail('helperNotInstallable', { refusal: { why: 'noRuntime', tried: real } })
  );
}
