import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../src/host/programs.ts';

/** Makes a root file system of busybox alone, owned by who runs the test. @returns its path */
export function busyboxTree(folder: string, applets: readonly string[] = ['sh']): string {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  copyFileSync(findProgram('busybox') ?? '/bin/busybox', join(folder, 'bin/busybox'));
  for (const name of applets) symlinkSync('busybox', join(folder, 'bin', name));
  return folder;
}
