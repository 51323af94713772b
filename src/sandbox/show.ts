import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail } from '../model/problem.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { labScript } from '../state/labs.ts';
import { callerFolders } from './caller.ts';
import { joinScript } from './script/join-script.ts';
import { hubScriptOf, outlineLab } from './lab/open-lab.ts';
import { makePlan, type LaunchRequest } from './make-plan.ts';
import { startScript } from './script/start-script.ts';

export interface Scripts {
  readonly start: string;
  readonly join: string;
  /** What starts the lab that it is in. */
  readonly lab?: string | undefined;
}

/**
 * The scripts that a request would run; they also run by hand, in a folder that the sweep of ended sandboxes leaves alone.
 * Only the id, the folder and who keeps the limits are a launcher's own.
 */
export async function showScripts(request: LaunchRequest, id = 'example'): Promise<Scripts> {
  const folders = callerFolders();
  const runtime = `${folders.runtime}-by-hand`;
  const lab = await outlineLab(request.profile, folders);
  const { plan } = await makePlan(request, id, { ...folders, runtime, bareRoots: join(runtime, id) }, lab);
  const given = { way: 'none', cgroups: {}, held: {}, missing: {} } as const;
  const enter = joinScript(plan, { given, placing: [], memoryKillCounters: [] });
  return { start: startScript(plan), join: enter, lab: await hubScriptOf(request.profile, folders) };
}

/**
 * Writes both scripts into a folder, for their owner alone: they hold what a profile's `env` sets.
 * @throws ProblemError `labNotByHand` for a sandbox of a lab, and the EEXIST of open(2) where one of them is there: it may be somebody's work.
 */
export function exportScripts(folder: string, { start, join: enter, lab }: Scripts): void {
  if (lab !== undefined) fail('labNotByHand', {});
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'start.sh'), start, { mode: 0o700, flag: 'wx' });
  writeFileSync(join(folder, 'join.sh'), enter, { mode: 0o700, flag: 'wx' });
}

/** The scripts that a running sandbox was made with, byte for byte. */
export function scriptsOf({ id, folder, lab }: Sandbox): Scripts {
  const [start, enter] = ['start.sh', 'join.sh'].map((name) => readFileSync(join(folder, name), 'utf8')) as [
    string,
    string,
  ];
  return { start, join: enter, lab: lab && readFileSync(labScript(lab.folder, id), 'utf8') };
}
