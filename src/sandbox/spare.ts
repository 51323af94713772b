import { startTimeOf } from '../discovery/pin.ts';
import type { HelperSession } from '../elevation/session.ts';
import type { Sandbox } from '../model/sandbox.ts';
import { readRecord, writeRecord } from '../state/records.ts';
import { killPinned } from './kill-pinned.ts';
import { launchSandbox, type Launched } from './launch.ts';
import type { LaunchRequest } from './make-plan.ts';

/** A sandbox that is ready before anybody asks for it, so that opening it costs what a join costs. */
export interface SpareKeeper {
  /** Starts one like this in the background, in the place of any other. A failure is nobody's: the next start says why. */
  prepare(request: LaunchRequest): void;
  /** The spare that is just what is asked for; any other is ended. */
  take(request: LaunchRequest): Promise<Launched | undefined>;
  /** Resolves when nothing of it is left. */
  end(): Promise<void>;
}

interface Spare {
  readonly key: string;
  readonly launching: Promise<Launched | undefined>;
}

export function keepSpare(session: HelperSession): SpareKeeper {
  let current: Spare | undefined;
  const end = async (): Promise<void> => {
    const ending = current;
    current = undefined;
    await endSpare(await ending?.launching);
  };
  return {
    prepare: (request) => {
      const key = keyOf(request);
      // One that outlives this process would stay for nobody if this process is killed; in a lab others would find it.
      if (current?.key === key || request.profile.lifetime === 'untilStopped' || request.profile.lab) return;
      const before = end();
      const launching = before.then(() => launchSandbox({ ...request, spare: true }, session)).catch(() => undefined);
      current = { key, launching };
    },
    take: async (request) => {
      if (current?.key !== keyOf(request)) return end().then(() => undefined);
      const launched = await current.launching;
      current = undefined;
      return launched && adopted(launched);
    },
    end,
  };
}

/** Whatever a profile file, a setting or a variable has changed since makes it another. */
function keyOf({ profile, workspaceFolder }: LaunchRequest): string {
  return JSON.stringify([profile, workspaceFolder, profile.envPass.map((name) => process.env[name])]);
}

async function endSpare(launched: Launched | undefined): Promise<void> {
  if (launched === undefined) return;
  killPinned(launched.sandbox);
  await launched.ended;
}

/** From now on it is a sandbox like any other, which has just started. Undefined if somebody has ended it meanwhile. */
function adopted(launched: Launched): Launched | undefined {
  const { pid, startTime, folder } = launched.sandbox;
  const record = readRecord(folder);
  if (startTimeOf(pid) !== startTime || record === undefined) return undefined;
  const sandbox: Sandbox = { ...launched.sandbox, spare: false, startedAt: Date.now() };
  writeRecord(folder, { ...record, sandbox });
  return { ...launched, sandbox };
}
