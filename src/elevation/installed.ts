import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { InstalledHelper } from '../model/elevation.ts';

export const INSTALLED_FOLDER = '/usr/libexec/namespace-sandboxes';
export const POLICY_FILE = '/usr/share/polkit-1/actions/namespace-sandboxes.policy';

const HELPER = `${INSTALLED_FOLDER}/helper`;
const ENTER = `${INSTALLED_FOLDER}/enter`;
const PROGRAM = `${INSTALLED_FOLDER}/helper.cjs`;

/** Files of the installed helper, and the bundled ones that lie beside `helperFile`. */
export function bundledFiles(helperFile: string): { readonly helper: string; readonly enter: string } {
  return { helper: helperFile, enter: join(dirname(helperFile), 'enter.sh') };
}

/** Looks at the installed helper, whose files anybody may read: is it there, whole, root's alone, and of this version? */
export function installedHelper(helperFile: string): InstalledHelper {
  const files = [HELPER, ENTER, PROGRAM, POLICY_FILE];
  if (!files.some((path) => existsSync(path))) return { state: 'none' };
  for (const path of files) {
    const fault = faultOf(path);
    if (fault !== undefined) return { state: 'damaged', path, fault };
  }
  const runtime = / (\S+) \S+helper\.cjs$/m.exec(readFileSync(HELPER, 'utf8'))?.[1] ?? HELPER;
  if (!isExecutable(runtime)) return { state: 'damaged', path: runtime, fault: 'noRuntime' };
  const bundled = bundledFiles(helperFile);
  const same = sha256(PROGRAM) === sha256(bundled.helper) && sha256(ENTER) === sha256(bundled.enter);
  return same ? { state: 'current', helper: HELPER, enter: ENTER } : { state: 'otherVersion', path: PROGRAM };
}

/** SHA-256 of a file, in hex as sha256sum(1) prints it. */
export function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Whether anybody but root may change a file: its owner and mode (inode(7)). */
export function writableByOthers(path: string): 'notRoots' | 'writable' | undefined {
  const { uid, mode } = lstatSync(path);
  if (uid !== 0) return 'notRoots';
  return (mode & 0o022) !== 0 && (mode & constants.S_IFMT) !== constants.S_IFLNK ? 'writable' : undefined;
}

function faultOf(path: string): 'missing' | 'notRoots' | 'writable' | undefined {
  return existsSync(path) ? writableByOthers(path) : 'missing';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
