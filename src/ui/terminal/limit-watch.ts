import * as vscode from 'vscode';
import { limitReadings } from '../../cgroup/readings.ts';
import type { CgroupReadings } from '../../model/cgroup.ts';
import type { Sandbox } from '../../model/sandbox.ts';
import { strains, strainSentence } from './strains.ts';

const EVERY = 2000;

/** Looks at a sandbox's cgroups every 2 s, and says when a limit has killed or refused something. Returns what ends it. */
export function watchLimits(sandbox: Sandbox): () => void {
  if (Object.keys(sandbox.limits.cgroups).length === 0) return () => undefined;
  let last = limitReadings(sandbox.limits);
  const timer = setInterval(() => {
    const now = limitReadings(sandbox.limits);
    if (last && now) tell(sandbox, last, now);
    last = now ?? last;
  }, EVERY);
  return () => clearInterval(timer);
}

function tell({ id, limits }: Sandbox, before: CgroupReadings, after: CgroupReadings): void {
  for (const strain of strains(before, after)) {
    void vscode.window.showWarningMessage(strainSentence(id, strain, limits.held[strain.key]));
  }
}
