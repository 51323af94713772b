import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from '../model/sandbox.ts';
import { callerFolders } from './caller.ts';
import { joinScript } from './join-script.ts';
import { makePlan, type LaunchRequest } from './make-plan.ts';
import { startScript } from './start-script.ts';

export interface Scripts {
  readonly start: string;
  readonly join: string;
}

/**
 * The scripts that a request would run; they also run by hand, in a folder that the sweep of ended sandboxes leaves alone.
 * Only the id, the folder and who keeps the limits are a launcher's own.
 */
export async function showScripts(request: LaunchRequest, id = 'example'): Promise<Scripts> {
  const folders = callerFolders();
  const runtime = `${folders.runtime}-by-hand`;
  const { plan } = await makePlan(request, id, { ...folders, runtime, bareRoots: join(runtime, id) });
  const given = { way: 'none', cgroups: {}, held: {}, missing: {} } as const;
  return { start: startScript(plan), join: joinScript(plan, { given, placing: [], memoryKillCounters: [] }) };
}

/**
 * Writes both scripts into a folder.
 * @throws the EEXIST of open(2) where one of them is there: it may be somebody's work.
 */
export function exportScripts(folder: string, { start, join: enter }: Scripts): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'start.sh'), start, { mode: 0o755, flag: 'wx' });
  writeFileSync(join(folder, 'join.sh'), enter, { mode: 0o755, flag: 'wx' });
}

/** The scripts that a running sandbox was made with, byte for byte. */
export function scriptsOf({ folder }: Sandbox): Scripts {
  return { start: readFileSync(join(folder, 'start.sh'), 'utf8'), join: readFileSync(join(folder, 'join.sh'), 'utf8') };
}
