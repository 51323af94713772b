import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from '../model/sandbox.ts';
import { callerFolders } from './caller.ts';
import { joinScript } from './join-script.ts';
import { makePlan, type LaunchRequest } from './launch.ts';
import { startScript } from './start-script.ts';

export interface Scripts {
  readonly start: string;
  readonly join: string;
}

/** The scripts that a request would run, with names and numbers that only a running sandbox has left open. */
export async function showScripts(request: LaunchRequest): Promise<Scripts> {
  const { plan } = await makePlan(request, 'example', callerFolders());
  const given = { way: 'none', cgroups: {}, held: {}, missing: {} } as const;
  const facts = { pid: 0, startTime: 0, keeper: plan.sharing.parent, given, placing: [], memoryKillCounters: [] };
  return { start: startScript(plan), join: joinScript(plan, facts) };
}

/** The scripts that a running sandbox was made with, byte for byte. */
export function scriptsOf({ folder }: Sandbox): Scripts {
  return { start: readFileSync(join(folder, 'start.sh'), 'utf8'), join: readFileSync(join(folder, 'join.sh'), 'utf8') };
}
