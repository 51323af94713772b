import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../../model/problem.ts';
import { bindFile, NO_MOUNTS, type MountPlan } from '../mounts.ts';
import { HOSTS } from './members.ts';
import type { LabPlan } from './open-lab.ts';

const FILE = '/etc/hosts';

/** hosts(5) with the names of a lab, over the one of the root file system. @throws ProblemError `mountTargetRefused`. */
export function hostsMounts(lab: LabPlan | undefined, folder: string, foreignRoot: boolean): MountPlan {
  if (lab === undefined) return NO_MOUNTS;
  const second = [bindFile(join(folder, HOSTS), FILE, ['ro', 'nosuid', 'nodev', 'noexec'])];
  if (foreignRoot) return { ...NO_MOUNTS, folders: ['/etc'], files: [FILE], second };
  if (!existsSync(FILE)) fail('mountTargetRefused', { target: FILE, reason: 'this machine has no such file' });
  return { ...NO_MOUNTS, second };
}
